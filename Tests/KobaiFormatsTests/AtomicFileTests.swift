import Foundation
import KobaiFormats
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("AtomicFile")
struct AtomicFileTests {
  private func contents(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { Array($0) }
  }

  @Test func writesAndReplaces() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.bin")
    try AtomicFile.write([1, 2, 3], to: path)
    #expect(contents(path) == [1, 2, 3])
    try AtomicFile.write([], to: path)
    #expect(contents(path) == [])
    let long = [UInt8](repeating: 9, count: 200_000)
    try AtomicFile.write(to: path) { output in
      try output.write([1])
      try output.write(long)
      try output.write([2])
    }
    #expect(contents(path) == [1] + long + [2])
    #expect(try folder.names == ["a.bin"])
  }

  @Test func leavesTheEarlierFileWhenTheWriterFails() throws {
    struct Fault: Error {}
    let folder = try TemporaryFolder()
    let path = folder.file("a.bin")
    try AtomicFile.write([1, 2, 3], to: path)
    #expect(throws: Fault.self) {
      try AtomicFile.write(to: path) { output in
        try output.write([UInt8](repeating: 9, count: 100_000))
        throw Fault()
      }
    }
    #expect(contents(path) == [1, 2, 3])
    #expect(try folder.names == ["a.bin"])
  }

  @Test func refusesPlacesWhereNoFileCanBe() throws {
    let folder = try TemporaryFolder()
    #expect(
      refusal { try AtomicFile.write([1], to: folder.file("missing/a.bin")) }?
        .contains("\(folder.file("missing/a.bin")): No such file or directory") == true)
    #expect(
      refusal { try AtomicFile.write([1], to: folder.path) }?.contains("is not a regular file")
        == true)
    #expect(throws: FileError.self) { try AtomicFile.write([1], to: "/dev/null") }
    #expect(throws: FileError.self) { try AtomicFile.write([1], to: "") }
    #expect(try folder.names.isEmpty)
  }

  @Test func followsLinksAndKeepsPermissions() throws {
    let folder = try TemporaryFolder()
    let (path, link) = (folder.file("a.bin"), folder.file("latest"))
    try AtomicFile.write([1], to: path)
    try #require(chmod(path, 0o640) == 0)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a.bin")
    try AtomicFile.write([2], to: link)
    #expect(contents(path) == [2])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "a.bin")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o640)
  }

  /// A limit on the size of files stands for a full disk.
  @Test func leavesTheEarlierFileWhenTheDiskIsFull() async throws {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.file("a.bin")
      try AtomicFile.write([1, 2, 3], to: path)
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
      #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      #else
        setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      #expect(
        refusal { try AtomicFile.write([UInt8](repeating: 7, count: 300_000), to: path) }
          == "cannot write \(path): File too large")
      #expect(FileManager.default.contents(atPath: path).map { Array($0) } == [1, 2, 3])
      #expect(try folder.names == ["a.bin"])
    }
  }
}
