import KobaiFormats
import KobaiOperators
import KobaiTensor

/// A data set in MNIST's form: four IDX files with gray images of 28 × 28 pixels and their classes.
package struct IDXImages: Sendable {
  package let files: DatasetFiles
  let classes: [String]
  let mean: Double
  let std: Double

  static let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ]

  static let groups = names.map { DatasetFiles.Group([$0], .first) }

  /// The compressed files behind each of the addresses, with their sizes and digests.
  static func remote(
    _ mirrors: [String], _ facts: [(byteCount: Int, sha256: String)]
  ) -> DatasetFiles.Remote {
    .files(
      zip(names, facts).map { name, facts in
        RemoteFile(
          "\(name).gz", byteCount: facts.byteCount, sha256: facts.sha256,
          urls: mirrors.map { "\($0)\(name).gz" })
      })
  }

  /// The same data set, fetched from elsewhere: for tests.
  package func fetched(from remote: DatasetFiles.Remote) -> IDXImages {
    IDXImages(files: files.fetched(from: remote), classes: classes, mean: mean, std: std)
  }

  package func load(
    _ folders: DataFolders, _ progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DatasetError) -> ImageClassification {
    let paths = try files.find(folders, progress).compactMap(\.first)
    return ImageClassification(
      name: files.name, classes: classes, train: try part(paths[0], paths[1]),
      test: try part(paths[2], paths[3]), mean: [mean], std: [std])
  }

  private func part(_ imagePath: String, _ labelPath: String) throws(DatasetError) -> LabeledImages
  {
    let images = try files.reading(imagePath) { try IDX.read(contentsOf: $0) }
    guard images.dtype == .uint8, images.shape.count == 3, images.shape[1...] == [28, 28] else {
      throw files.damaged(
        imagePath, "holds \(images.dtype.rawValue) \(images.shape) instead of uint8 [N, 28, 28]")
    }
    let labels = try files.reading(labelPath) { try IDX.read(contentsOf: $0) }
    guard labels.dtype == .uint8, labels.shape.count == 1 else {
      throw files.damaged(
        labelPath, "holds \(labels.dtype.rawValue) \(labels.shape) instead of uint8 [N]")
    }
    guard labels.count == images.shape[0] else {
      throw files.damaged(
        labelPath, "holds \(labels.count) labels where \(imagePath) has \(images.shape[0]) images")
    }
    if let wrong = labels.bytes.firstIndex(where: { $0 >= classes.count }) {
      throw files.damaged(
        labelPath,
        "states class \(labels.bytes[wrong]) for image \(wrong), but they are 0...\(classes.count - 1)"
      )
    }
    let count = labels.count
    return LabeledImages(
      images: Tensor(bytes: images.bytes, dtype: .uint8, shape: [count, 1, 28, 28]),
      labels: Tensor(bytes: labels.bytes, dtype: .uint8, shape: [count]).to(.int64))
  }
}
