import Kobai
import KobaiData
import KobaiFormats
import Testing

@Suite struct DatasetFilesTests {
  @Test(arguments: [[], [0, 1, 2, 3], [1, 2]] as [Set<Int>])
  func readsAFolder(compressed: Set<Int>) throws {
    let folder = try ScratchFolder()
    let small = SmallIDX()
    try small.write(to: folder.path, compressed: compressed)
    let data = try MNIST.load(from: folder.path)
    #expect(data.name == "mnist")
    #expect(data.train.images.dtype == .uint8 && data.train.images.shape == [3, 1, 28, 28])
    #expect(data.train.images.bytes == small.trainImages.bytes)
    #expect(data.train.labels.array(as: Int.self) == [7, 0, 9])
    #expect(data.test.images.bytes == small.testImages.bytes)
    #expect(data.test.labels.array(as: Int.self) == [1, 2])
    #expect(data.imageShape == [1, 28, 28] && data.classes == (0..<10).map { "\($0)" })
    #expect(try FashionMNIST.load(from: folder.path).classes[7] == "Sneaker")
  }

  @Test func findsTheFolder() throws {
    let root = try ScratchFolder()
    try SmallIDX().write(to: try root.folder("data/mnist"))
    try SmallIDX().write(to: try root.folder("torch/FashionMNIST/raw"))
    #expect(try MNIST.load(from: "\(root.path)/data").train.count == 3)
    #expect(try MNIST.load(from: "\(root.path)/data/mnist").train.count == 3)
    #expect(try FashionMNIST.load(from: "\(root.path)/torch").train.count == 3)
    let places = DataFolders(
      given: nil, data: "\(root.path)/data", cache: "\(root.path)/cache", allowsDownload: false)
    #expect(try MNIST.source.load(places).train.count == 3)
    // What is not in the data is looked for in the cache.
    let error = thrown(DatasetError.self) { try FashionMNIST.source.load(places) }
    #expect(error?.kind == .missing)
    #expect(error?.message.contains("\(root.path)/data/fashion-mnist or") == true)
    #expect(error?.message.contains("\(root.path)/cache/fashion-mnist;") == true)
    try SmallIDX().write(to: try root.folder("cache/fashion-mnist"))
    #expect(try FashionMNIST.source.load(places).train.count == 3)
    // A folder that is named counts alone.
    let named = DataFolders(
      given: "\(root.path)/cache", data: "\(root.path)/data", cache: nil, allowsDownload: true)
    #expect(thrown(DatasetError.self) { try MNIST.source.load(named) }?.kind == .missing)
  }

  @Test func cacheFolderFollowsTheSpecification() {
    #expect(DataFolders.cache(xdg: "/x", home: "/home/a") == "/x/kobai")
    #if os(Linux)
      #expect(DataFolders.cache(xdg: nil, home: "/home/a") == "/home/a/.cache/kobai")
      #expect(DataFolders.cache(xdg: "relative", home: "/home/a") == "/home/a/.cache/kobai")
    #endif
    #expect(DataFolders.cache(xdg: nil, home: nil) == nil)
    let nowhere = DataFolders(given: nil, data: nil, cache: nil, allowsDownload: true)
    let error = thrown(DatasetError.self) { try MNIST.source.load(nowhere) }
    #expect(error?.kind == .missing && error?.message.contains("KOBAI_DATA") == true)
  }

  @Test func namesWhatIsMissing() throws {
    let folder = try ScratchFolder()
    try SmallIDX().write(to: folder.path)
    try AtomicFile.write([], to: "\(folder.path)/other")
    try #require(unlinked("\(folder.path)/t10k-labels-idx1-ubyte"))
    let error = thrown(DatasetError.self) { try MNIST.load(from: folder.path) }
    #expect(error?.kind == .missing)
    #expect(error?.message.contains("t10k-labels-idx1-ubyte") == true)
    let nowhere = thrown(DatasetError.self) { try MNIST.load(from: "\(folder.path)/none") }
    #expect(nowhere?.kind == .missing)
    #expect(nowhere?.message.contains("train-images-idx3-ubyte, train-labels") == true)
  }

  @Test func refusesDamagedFiles() throws {
    /// Writes the small data set, changed by `body`, and gives the error of reading it.
    func error(_ body: (inout SmallIDX, String) throws -> Void) throws -> DatasetError? {
      let folder = try ScratchFolder()
      var small = SmallIDX()
      try body(&small, folder.path)
      if folder.files.isEmpty { try small.write(to: folder.path) }
      let error = thrown(DatasetError.self) { try MNIST.load(from: folder.path) }
      #expect(error?.kind == .damaged)
      return error
    }
    let counts = try error { small, _ in
      small.trainLabels = RawArray(dtype: .uint8, shape: [2], bytes: [1, 2])
    }
    #expect(counts?.message.contains("holds 2 labels where") == true)
    #expect(counts?.message.contains("has 3 images") == true)
    let classes = try error { small, _ in small.testLabels.bytes[1] = 10 }
    #expect(classes?.message.contains("states class 10 for image 1") == true)
    let shape = try error { small, _ in
      small.trainImages = RawArray(
        dtype: .uint8, shape: [3, 14, 56], bytes: small.trainImages.bytes)
    }
    #expect(shape?.message.contains("uint8 [3, 14, 56] instead of uint8 [N, 28, 28]") == true)
    let dtype = try error { small, _ in
      small.trainLabels = RawArray(
        dtype: .int32, shape: [3], bytes: [UInt8](repeating: 0, count: 12))
    }
    #expect(dtype?.message.contains("int32 [3]") == true)
    let header = try error { small, folder in
      try small.write(to: folder)
      try AtomicFile.write([1, 2, 3, 4, 5], to: "\(folder)/train-images-idx3-ubyte")
    }
    #expect(header?.message.contains("train-images-idx3-ubyte") == true)
    let truncated = try error { small, folder in
      try small.write(to: folder, compressed: [0])
      let path = "\(folder)/train-images-idx3-ubyte.gz"
      try AtomicFile.write(Array(try contents(path).dropLast(20)), to: path)
    }
    #expect(truncated?.message.contains("train-images-idx3-ubyte.gz") == true)
  }

  /// Records of CIFAR-10 whose labels count up from `first`.
  private func records(_ count: Int, first: Int) -> [UInt8] {
    (0..<count).flatMap { record in
      [UInt8((first + record) % 10)] + [UInt8](repeating: UInt8(first + record), count: 3072)
    }
  }

  @Test func readsTheBatchesThatAreThere() throws {
    let folder = try ScratchFolder()
    try AtomicFile.write(records(2, first: 1), to: "\(folder.path)/data_batch_1.bin")
    try AtomicFile.write(
      try Zlib.compress(records(3, first: 8)), to: "\(folder.path)/data_batch_4.bin.gz")
    let incomplete = thrown(DatasetError.self) { try CIFAR10.load(from: folder.path) }
    #expect(incomplete?.kind == .missing)
    #expect(
      incomplete?.message.contains("test_batch.bin or test_batch_first1000.bin") == true)
    try AtomicFile.write(
      try Zlib.compress(records(1, first: 5)), to: "\(folder.path)/test_batch_first1000.bin.gz")
    let data = try CIFAR10.load(from: folder.path)
    #expect(data.train.images.shape == [5, 3, 32, 32] && data.train.images.dtype == .uint8)
    #expect(data.train.labels.array(as: Int.self) == [1, 2, 8, 9, 0])
    #expect(data.train.images[0..., 0, 0, 0].array(as: Int.self) == [1, 2, 8, 9, 10])
    #expect(data.test.labels.array(as: Int.self) == [5])
    #expect(data.classes[5] == "dog" && data.imageShape == [3, 32, 32])

    // The same in a cache is not complete: a download would be needed.
    let places = DataFolders(
      given: nil, data: nil, cache: folder.path, allowsDownload: false)
    #expect(
      thrown(DatasetError.self) { try CIFAR10.load(places, files: CIFAR10.files) }?.kind == .missing
    )

    try AtomicFile.write(
      Array(records(2, first: 1).dropLast()), to: "\(folder.path)/data_batch_1.bin")
    #expect(thrown(DatasetError.self) { try CIFAR10.load(from: folder.path) }?.kind == .damaged)
  }
}
