import Foundation
import Kobai
import KobaiData
import KobaiFormats
import Testing

/// The transfers of one file.
@Suite(.enabled(if: Download.isAvailable, "needs libcurl, which is not on this machine"))
struct DownloadDatasetTests {
  private let folder: ScratchFolder
  private let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
  private var path: String { "\(folder.path)/file" }
  private var digest: String { SHA256.hexDigest(body) }

  init() throws { folder = try ScratchFolder() }

  @Test func fetchesAFile() throws {
    let server = try LocalServer([
      "file": .body(body), "endless": .bodyWithoutLength(body), "moved": .redirect("/file"),
      "empty": .body([]),
    ])
    defer { server.stop() }
    for name in ["file", "endless", "moved"] {
      var steps: [DownloadProgress] = []
      try Download.fetch(
        server.url(name), to: path, sha256: digest.uppercased(), byteLimit: body.count
      ) { steps.append($0) }
      #expect(try contents(path) == body)
      #expect(folder.files == ["file"])
      #expect(steps.map(\.received) == steps.map(\.received).sorted())
      #expect(steps.last == DownloadProgress(file: "file", received: body.count, total: body.count))
      #expect(unlinked(path))
    }
    #expect(server.requests == ["file", "endless", "moved", "file"])
    try Download.fetch(server.url("empty"), to: path, sha256: SHA256.hexDigest([]))
    #expect(try contents(path).isEmpty)
  }

  @Test func fetchesFromThisMachine() throws {
    try AtomicFile.write(body, to: "\(folder.path)/source")
    try Download.fetch("file://\(folder.path)/source", to: path, sha256: digest)
    #expect(try contents(path) == body)
    let error = thrown(DownloadError.self) {
      try Download.fetch("file://\(folder.path)/none", to: path, sha256: digest)
    }
    #expect(error?.kind == .unreachable)
    #expect(folder.files == ["file", "source"])
  }

  /// Each failure has its kind, says what happened, and leaves the earlier file as it was.
  @Test func failuresLeaveNothingBehind() throws {
    try AtomicFile.write(body, to: "\(folder.path)/source")
    let server = try LocalServer([
      "file": .body(body), "short": .truncated(Array(body.prefix(1000)), length: body.count),
      "cut": .bodyWithoutLength(Array(body.prefix(1000))),
      "broken": .status(503), "away": .redirect("/missing"), "circle": .redirect("/circle"),
      "inside": .redirect("file://\(folder.path)/source"),
      "stalled": .stalled(Array(body.prefix(1000)), length: body.count),
      "endless": .bodyWithoutLength(body),
    ])
    defer { server.stop() }
    try AtomicFile.write(Array("earlier".utf8), to: path)

    func expect(
      _ name: String, _ kind: DownloadError.Kind?, _ text: String, limit: Int? = nil,
      sha256: String? = nil
    ) {
      let url = name.contains("://") ? name : server.url(name)
      let error = thrown(DownloadError.self) {
        try Download.fetch(
          url, to: path, sha256: sha256 ?? digest, byteLimit: limit, stallTime: 1, progress: nil)
      }
      #expect(error?.url == url, "\(name)")
      if let kind { #expect(error?.kind == kind, "\(name): \(String(describing: error))") }
      #expect(error?.description.contains(text) == true, "\(name): \(String(describing: error))")
      #expect((try? contents(path)) == Array("earlier".utf8), "\(name)")
      #expect(folder.files == ["file", "source"], "\(name)")
    }
    expect("missing", .status(404), "the server answered with status 404")
    expect("broken", .status(503), "status 503")
    expect("away", .status(404), "status 404")
    expect("circle", .unreachable, "edirect")
    expect("inside", .unreachable, "file")
    expect("short", .incomplete, "the connection ended after 1000 bytes")
    expect("cut", .wrongDigest, SHA256.hexDigest(Array(body.prefix(1000))))
    expect("stalled", .stalled, "after 1000 bytes; try again")
    expect("file", .wrongDigest, "instead of 00", sha256: String(repeating: "0", count: 64))
    expect("file", .tooLarge, "more than the 1000 bytes", limit: 1000)
    expect("endless", .tooLarge, "more than the 1000 bytes", limit: 1000)
    expect("ftp://127.0.0.1/file", .unreachable, "ftp")
    expect("http://127.0.0.1:1/file", .unreachable, "check the network")
  }

  @Test func refusesFoldersThatAreNotThere() throws {
    let server = try LocalServer(["file": .body(body)])
    defer { server.stop() }
    let error = thrown(DownloadError.self) {
      try Download.fetch(server.url("file"), to: "\(path)/none/file", sha256: digest)
    }
    #expect(error?.kind == .file)
    #expect(server.requests.isEmpty)
  }

  @Test func cancelledTasksEndTheirDownloads() async throws {
    let server = try LocalServer([
      "file": .stalled(Array(body.prefix(1000)), length: body.count)
    ])
    defer { server.stop() }
    let (url, path, digest) = (server.url("file"), path, digest)
    let (started, start) = AsyncStream<Void>.makeStream()
    let task = Task.detached { () -> DownloadError? in
      thrown(DownloadError.self) {
        try Download.fetch(url, to: path, sha256: digest, byteLimit: nil, stallTime: 3600) { _ in
          start.yield()
        }
      }
    }
    for await _ in started { break }
    task.cancel()
    #expect(await task.value?.kind == .cancelled)
    #expect(folder.files.isEmpty)
  }

  @Test func anInterruptionEndsADownload() async throws {
    await #expect(processExitsWith: .success) {
      let folder = try ScratchFolder()
      let body = [UInt8](repeating: 7, count: 300_000)
      let server = try LocalServer(["file": .stalled(Array(body.prefix(1000)), length: body.count)])
      defer { server.stop() }
      Interruption.catchSignals()
      let error = thrown(DownloadError.self) {
        try Download.fetch(
          server.url("file"), to: "\(folder.path)/file", sha256: SHA256.hexDigest(body)
        ) { _ in raise(SIGINT) }
      }
      #expect(error?.kind == .cancelled)
      #expect(Interruption.caughtSignal == SIGINT)
      #expect(folder.files.isEmpty)
    }
  }
}

@Suite struct CurlDatasetTests {
  @Test func aMissingLibrarySaysWhatToInstall() {
    let error = thrown(CurlLibrary.Missing.self) {
      try CurlLibrary(names: ["libcurl-of-nobody.so"])
    }
    #expect(
      error?.message
        == "libcurl-of-nobody.so cannot be opened, and downloads need one of them; install libcurl "
        + "(Debian, Ubuntu: libcurl4; Fedora: libcurl; Alpine: libcurl)")
  }
}
