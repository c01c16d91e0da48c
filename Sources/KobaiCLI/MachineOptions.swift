import ArgumentParser
import Kobai

/// Where and with how many threads to compute.
struct MachineOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Threads to compute with. Results do not depend on it. Default: all cores.")
  var threads: Int?

  @Option(help: "The device to compute on: cpu.")
  var device = "cpu"

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads must be at least 1, but is \(threads)")
    }
  }

  func apply() throws {
    if let threads { Threads.count = threads }
    let wanted = try Device(device)
    guard Device.available.contains(wanted) else {
      throw CommandError(
        "device \(wanted) is not there; there is "
          + Device.available.map { "\($0)" }.joined(separator: ", ")
      )
    }
  }
}
