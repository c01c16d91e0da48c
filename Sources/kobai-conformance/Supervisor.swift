import Foundation
import KobaiConformance

/// Runs the cases in another process and starts it again behind a case that has ended it, so that a
/// crash or an endless loop costs one case.
struct Supervisor {
  let arguments: [String]
  let timeout: Int

  /// The outcomes of the first `count` cases of the selection, in order.
  func run(_ count: Int) throws -> [Outcome] {
    var outcomes: [Outcome] = []
    while outcomes.count < count {
      let before = outcomes.count
      let end = try runWorker(from: before, &outcomes)
      guard outcomes.count < count else { break }
      // The case that was running, or the next one if the worker did not even begin it.
      outcomes.append(.failed(end))
    }
    return outcomes
  }

  /// Appends outcomes until the worker ends; returns why it did.
  private func runWorker(from first: Int, _ outcomes: inout [Outcome]) throws -> String {
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = arguments + ["--work-from=\(first)"]
    // A crash is expected here: its message is enough, a backtrace takes seconds.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()

    var lines = LineReader(output.fileHandleForReading.fileDescriptor)
    var complaints = LineReader(errors.fileHandleForReading.fileDescriptor)
    var lastWords = ""
    var deadline = Date(timeIntervalSinceNow: Double(timeout))
    var isLate = false
    while !lines.isAtEnd {
      var descriptors = [lines, complaints].filter { !$0.isAtEnd }
        .map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
      let patience = max(0, deadline.timeIntervalSinceNow)
      if poll(&descriptors, nfds_t(descriptors.count), Int32(patience * 1000) + 1) == 0 {
        isLate = true
        process.interrupt()
        kill(process.processIdentifier, SIGKILL)
        break
      }
      for ready in descriptors where ready.revents != 0 {
        if ready.fd == complaints.descriptor {
          for line in complaints.read() where lastWords.isEmpty { lastWords = line }
          continue
        }
        for line in lines.read() {
          switch WorkerMessage(line) {
          case .begin:
            lastWords = ""
            deadline = Date(timeIntervalSinceNow: Double(timeout))
          case .end(_, let outcome): outcomes.append(outcome)
          case nil: FileHandle.standardError.write(Data("\(line)\n".utf8))
          }
        }
      }
    }
    process.waitUntilExit()
    if isLate { return "still running after \(timeout) s" }
    for line in complaints.rest() where lastWords.isEmpty && !line.isEmpty { lastWords = line }
    let how =
      process.terminationReason == .uncaughtSignal
      ? "crashed with signal \(process.terminationStatus)"
      : "the process ended with status \(process.terminationStatus)"
    return lastWords.isEmpty ? how : "\(how): \(lastWords)"
  }
}

/// Splits what arrives at a descriptor into lines.
private struct LineReader {
  let descriptor: Int32
  private(set) var isAtEnd = false
  private var pending: [UInt8] = []

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The lines that are complete after one read.
  mutating func read() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Foundation.read(descriptor, &buffer, buffer.count)
    guard count > 0 else {
      isAtEnd = true
      return pending.isEmpty ? [] : [String(decoding: pending, as: UTF8.self)]
    }
    pending += buffer[..<count]
    var parts = pending.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    pending = Array(parts.removeLast())
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Everything until the end.
  mutating func rest() -> [String] {
    var lines: [String] = []
    while !isAtEnd { lines += read() }
    return lines
  }
}
