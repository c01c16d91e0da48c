import KobaiFormats
import KobaiOperators
import KobaiTensor

/// 60,000 colour pictures of 32 × 32 pixels in ten classes: 50,000 for training, 10,000 for testing.
///
///     let data = try CIFAR10.load()
///     data.train.images.shape   // [50000, 3, 32, 32]
///     data.classes[6]           // "frog"
///
/// Source: A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
/// https://www.cs.toronto.edu/~kriz/cifar.html (binary version).
public enum CIFAR10 {
  /// Loads the images from a folder, else from where `ImageClassification.load` looks for `"cifar10"`
  /// (in `KOBAI_DATA` also as `cifar10-subset`).
  ///
  /// The folder holds `data_batch_1.bin` to `data_batch_5.bin`, of which those that are there are taken,
  /// and `test_batch.bin` or `test_batch_first1000.bin`, each as it is or as `.gz`. A download unpacks
  /// them from `cifar-10-binary.tar.gz` (170 MB).
  ///
  /// - Throws: `DatasetError` that says what is missing or damaged, and what to do.
  public static func load(
    from directory: String? = nil, download: Bool = true,
    progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DatasetError) -> ImageClassification {
    try load(DataFolders(directory, allowsDownload: download), files: files, progress)
  }

  package static func load(
    _ folders: DataFolders, files: DatasetFiles, _ progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DatasetError) -> ImageClassification {
    let paths = try files.find(folders, progress)
    return ImageClassification(
      name: files.name,
      classes: [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ],
      train: try part(paths[0], files), test: try part(paths[1], files),
      mean: [0.49139968, 0.48215841, 0.44653091], std: [0.24703223, 0.24348513, 0.26158784])
  }

  private static func part(
    _ paths: [String], _ files: DatasetFiles
  ) throws(DatasetError) -> LabeledImages {
    let parts = try paths.map { path throws(DatasetError) in
      let batch = try files.reading(path) { try CIFAR.read(contentsOf: $0, .cifar10) }
      return LabeledImages(
        images: Tensor(bytes: batch.images, dtype: .uint8, shape: [batch.count, 3, 32, 32]),
        labels: Tensor(bytes: batch.labels, dtype: .uint8, shape: [batch.count]).to(.int64))
    }
    guard parts.count > 1 else { return parts[0] }
    return LabeledImages(
      images: Tensor.cat(parts.map(\.images)), labels: Tensor.cat(parts.map(\.labels)))
  }

  private static let batches = (1...5).map { "data_batch_\($0).bin" }

  package static let files = DatasetFiles(
    name: "cifar10", folders: ["cifar10", "cifar10-subset"], layouts: ["cifar-10-batches-bin"],
    groups: [
      DatasetFiles.Group(batches, .all),
      DatasetFiles.Group(["test_batch.bin", "test_batch_first1000.bin"], .first),
    ],
    remote: .archive(
      RemoteFile(
        "cifar-10-binary.tar.gz", byteCount: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        urls: [
          "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
          "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
        ]),
      folder: "cifar-10-batches-bin", names: batches + ["test_batch.bin"]))
}
