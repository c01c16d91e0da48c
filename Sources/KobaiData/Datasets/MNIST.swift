/// 70,000 handwritten digits of 28 × 28 pixels: 60,000 for training, 10,000 for testing.
///
///     let data = try MNIST.load()
///     data.train.images.shape   // [60000, 1, 28, 28]
///     data.classes              // ["0", "1", … "9"]
///
/// Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits.
public enum MNIST {
  /// Loads the images from a folder, else from where `ImageClassification.load` looks for `"mnist"`.
  ///
  /// The folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
  /// `t10k-labels-idx1-ubyte`, each as it is or as `.gz`.
  ///
  /// - Throws: `DatasetError` that says what is missing or damaged, and what to do.
  public static func load(
    from directory: String? = nil, download: Bool = true,
    progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DatasetError) -> ImageClassification {
    try source.load(DataFolders(directory, allowsDownload: download), progress)
  }

  package static let source = IDXImages(
    files: DatasetFiles(
      name: "mnist", folders: ["mnist"], layouts: ["MNIST/raw"], groups: IDXImages.groups,
      remote: IDXImages.remote(
        [
          "https://ossci-datasets.s3.amazonaws.com/mnist/",
          "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        [
          (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
          (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
          (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ])),
    classes: (0..<10).map { "\($0)" }, mean: 0.13066048, std: 0.30810780)
}
