/// 70,000 pictures of clothes of 28 × 28 pixels: 60,000 for training, 10,000 for testing.
///
///     let data = try FashionMNIST.load()
///     data.train.images.shape   // [60000, 1, 28, 28]
///     data.classes[9]           // "Ankle boot"
///
/// Source: H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking
/// Machine Learning Algorithms, https://arxiv.org/abs/1708.07747 (MIT).
public enum FashionMNIST {
  /// Loads the images from a folder, else from where `ImageClassification.load` looks for
  /// `"fashion-mnist"`.
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
      name: "fashion-mnist", folders: ["fashion-mnist"], layouts: ["FashionMNIST/raw"],
      groups: IDXImages.groups,
      remote: IDXImages.remote(
        [
          "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
          "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        [
          (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
          (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
          (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
          (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ])),
    classes: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    mean: 0.28604060, std: 0.35302424)
}
