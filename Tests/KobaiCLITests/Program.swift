import Foundation

/// The `kobai` program beside the tests, run as a shell would.
enum Program {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// The built program; the test runner lies in the same folder.
  static var url: URL {
    let runner = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var folder = runner.deletingLastPathComponent()
    while folder.path != "/" {
      let program = folder.appendingPathComponent("kobai")
      if FileManager.default.isExecutableFile(atPath: program.path), !isDirectory(program) {
        return program
      }
      folder.deleteLastPathComponent()
    }
    return runner.deletingLastPathComponent().appendingPathComponent("kobai")
  }

  static func run(_ arguments: [String], in folder: URL? = nil) throws -> Result {
    let process = try start(arguments, in: folder)
    return finish(process)
  }

  /// A started program with its pipes.
  struct Running {
    let process: Process
    let output, errors: Pipe
  }

  static func start(
    _ arguments: [String], in folder: URL? = nil, program: URL = Program.url
  ) throws -> Running {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return Running(process: process, output: output, errors: errors)
  }

  static func finish(_ running: Running) -> Result {
    let output = running.output.fileHandleForReading.readDataToEndOfFile()
    let errors = running.errors.fileHandleForReading.readDataToEndOfFile()
    running.process.waitUntilExit()
    return Result(
      status: running.process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }

  private static func isDirectory(_ url: URL) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }
}

/// A folder that is removed at the end.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("kobai-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
  func contents(_ name: String) -> Data? {
    FileManager.default.contents(atPath: path(name))
  }
}
