extension ImageClassification {
  /// The names that `load` takes.
  public static let names = ["digits", "mnist", "fashion-mnist", "cifar10"]

  /// Loads the data set of that name.
  ///
  ///     try ImageClassification.load("digits").train.count   // 1078
  ///
  /// Capitals, hyphens and underscores in the name do not matter. All but the digits, which are part of
  /// the program, are looked for
  /// 1. in `directory`, if it is given, and nowhere else,
  /// 2. in the folder of that name inside of the one that the environment variable `KOBAI_DATA` names,
  /// 3. in the cache folder: `$XDG_CACHE_HOME/kobai`, else `~/.cache/kobai` (macOS:
  ///    `~/Library/Caches/kobai`),
  /// 4. on the network, from where they are put into the cache folder.
  ///
  /// - Parameters:
  ///   - directory: the folder with the files, or one in which their folder lies.
  ///   - download: whether to fetch what is not there.
  ///   - progress: called again and again during a download.
  /// - Throws: `DatasetError` that says what is missing or damaged, and what to do.
  public static func load(
    _ name: String, from directory: String? = nil, download: Bool = true,
    progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DatasetError) -> ImageClassification {
    switch name.lowercased().filter({ $0 != "-" && $0 != "_" }) {
    case "digits":
      return Digits.load()
    case "mnist":
      return try MNIST.load(from: directory, download: download, progress: progress)
    case "fashionmnist":
      return try FashionMNIST.load(from: directory, download: download, progress: progress)
    case "cifar10":
      return try CIFAR10.load(from: directory, download: download, progress: progress)
    default:
      throw DatasetError(
        .unknownName, name, "there is no such data set; choose \(names.joined(separator: ", "))")
    }
  }
}
