import Kobai
import KobaiData
import KobaiFormats
import Testing

/// Whole data sets from the network into the cache folder.
@Suite(.enabled(if: Download.isAvailable, "needs libcurl, which is not on this machine"))
struct FetchDatasetTests {
  private let root: ScratchFolder
  private var places: DataFolders {
    DataFolders(given: nil, data: nil, cache: "\(root.path)/cache", allowsDownload: true)
  }

  init() throws { root = try ScratchFolder() }

  /// The small data set's compressed files, as a server has them.
  private func compressed() throws -> [(name: String, bytes: [UInt8])] {
    try SmallIDX().files().map { ("\($0.name).gz", try Zlib.compress($0.bytes)) }
  }

  private func server(
    of files: [(name: String, bytes: [UInt8])], without missing: Set<String> = []
  ) throws -> LocalServer {
    try LocalServer(
      Dictionary(
        uniqueKeysWithValues: files.filter { !missing.contains($0.name) }
          .map { ($0.name, .body($0.bytes)) }))
  }

  private func remote(
    _ files: [(name: String, bytes: [UInt8])], _ servers: [LocalServer]
  ) -> DatasetFiles.Remote {
    .files(
      files.map { file in
        RemoteFile(
          file.name, byteCount: file.bytes.count, sha256: SHA256.hexDigest(file.bytes),
          urls: servers.map { $0.url(file.name) })
      })
  }

  @Test func fetchesWhatIsNotThere() throws {
    let files = try compressed()
    let server = try server(of: files)
    defer { server.stop() }
    let source = MNIST.source.fetched(from: remote(files, [server]))
    var last: [String: DownloadProgress] = [:]
    let data = try source.load(places) { last[$0.file] = $0 }
    #expect(data.train.labels.array(as: Int.self) == [7, 0, 9])
    #expect(data.test.images.bytes == SmallIDX().testImages.bytes)
    for file in files {
      #expect(last[file.name]?.received == file.bytes.count)
      #expect(last[file.name]?.total == file.bytes.count)
    }
    #expect(root.files == files.map { "cache/mnist/\($0.name)" }.sorted())
    #expect(server.requests == files.map(\.name))
    // Once they are there the network is not needed.
    #expect(try source.load(places).train.count == 3)
    #expect(server.requests.count == 4)
    // Only what was lost is fetched again.
    #expect(unlinked("\(root.path)/cache/mnist/\(files[2].name)"))
    #expect(try source.load(places).train.count == 3)
    #expect(server.requests.dropFirst(4) == [files[2].name])
  }

  @Test func takesTheNextAddress() throws {
    let files = try compressed()
    let first = try server(of: files, without: [files[1].name])
    let second = try server(of: files)
    defer {
      first.stop()
      second.stop()
    }
    let source = MNIST.source.fetched(from: remote(files, [first, second]))
    #expect(try source.load(places).train.count == 3)
    #expect(first.requests == files.map(\.name))
    #expect(second.requests == [files[1].name])
  }

  @Test func failuresSayWhatToDo() throws {
    let files = try compressed()
    let first = try server(of: files, without: [files[3].name])
    var damaged = files
    damaged[3].bytes[0] ^= 1
    let second = try server(of: damaged)
    defer {
      first.stop()
      second.stop()
    }
    let source = FashionMNIST.source.fetched(from: remote(files, [first, second]))
    let error = thrown(DatasetError.self) { try source.load(places) }
    #expect(error?.kind == .download)
    let text = error?.description ?? ""
    for part in [
      "fashion-mnist: \(files[3].name) could not be fetched", "status 404", "SHA-256", "KOBAI_DATA",
    ] {
      #expect(text.contains(part), "\(text)")
    }
    #expect(root.files == files.prefix(3).map { "cache/fashion-mnist/\($0.name)" }.sorted())
    // Without the permission nothing is fetched.
    var closed = places
    closed.allowsDownload = false
    let requests = first.requests.count
    #expect(thrown(DatasetError.self) { try source.load(closed) }?.kind == .missing)
    #expect(first.requests.count == requests)
  }

  @Test func aCacheThatCannotBeMadeIsNamed() throws {
    let files = try compressed()
    let server = try server(of: files)
    defer { server.stop() }
    try AtomicFile.write([1], to: "\(root.path)/cache")
    let source = MNIST.source.fetched(from: remote(files, [server]))
    let error = thrown(DatasetError.self) { try source.load(places) }
    #expect(error?.kind == .download)
    #expect(error?.message.contains("\(root.path)/cache") == true)
    #expect(server.requests.isEmpty)
  }

  // MARK: - An archive

  /// CIFAR-10 with one image per batch, in the archive's layout.
  private func archive(_ names: [String]) throws -> [UInt8] {
    var writer = TarWriter()
    writer.add(folder: "cifar-10-batches-bin/")
    writer.add("cifar-10-batches-bin/readme.html", Array("<html>".utf8))
    for (i, name) in names.enumerated() {
      writer.add(
        "cifar-10-batches-bin/\(name)", [UInt8(i)] + [UInt8](repeating: UInt8(i), count: 3072))
    }
    return try Zlib.compress(writer.finished)
  }

  private let batches = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]

  private func cifar10(_ bytes: [UInt8], _ server: LocalServer) -> DatasetFiles {
    CIFAR10.files.fetched(
      from: .archive(
        RemoteFile(
          "cifar-10-binary.tar.gz", byteCount: bytes.count, sha256: SHA256.hexDigest(bytes),
          urls: [server.url("cifar")]),
        folder: "cifar-10-batches-bin", names: batches))
  }

  @Test func unpacksTheArchive() throws {
    let bytes = try archive(batches)
    let server = try LocalServer(["cifar": .body(bytes)])
    defer { server.stop() }
    let files = cifar10(bytes, server)
    let data = try CIFAR10.load(places, files: files)
    #expect(data.train.labels.array(as: Int.self) == [0, 1, 2, 3, 4])
    #expect(data.train.images[0..., 2, 31, 31].array(as: Int.self) == [0, 1, 2, 3, 4])
    #expect(data.test.labels.array(as: Int.self) == [5])
    #expect(root.files == batches.map { "cache/cifar10/\($0)" }.sorted())
    #expect(try CIFAR10.load(places, files: files).train.count == 5)
    #expect(server.requests.count == 1)
    // An archive that is there and right is not fetched again; one that is not right is.
    let archive = "\(root.path)/cache/cifar10/cifar-10-binary.tar.gz"
    for (content, requests) in [(bytes, 1), (Array(bytes.dropLast()), 2)] {
      #expect(unlinked("\(root.path)/cache/cifar10/data_batch_3.bin"))
      try AtomicFile.write(content, to: archive)
      #expect(try CIFAR10.load(places, files: files).train.count == 5)
      #expect(server.requests.count == requests)
      #expect(root.files == batches.map { "cache/cifar10/\($0)" }.sorted())
    }
  }

  @Test func anArchiveWithoutAFileIsRefused() throws {
    let bytes = try archive(batches.filter { $0 != "data_batch_4.bin" })
    let server = try LocalServer(["cifar": .body(bytes)])
    defer { server.stop() }
    let error = thrown(DatasetError.self) {
      try CIFAR10.load(places, files: cifar10(bytes, server))
    }
    #expect(error?.kind == .damaged)
    #expect(error?.message.contains("cifar-10-batches-bin/data_batch_4.bin") == true)
    #expect(root.files.allSatisfy { $0.hasSuffix("tar.gz") })
  }
}
