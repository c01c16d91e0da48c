import KobaiFormats

/// A file on the network, with all that tells it from others.
package struct RemoteFile: Sendable {
  /// Its name in the folder.
  let name: String
  let byteCount: Int
  let sha256: String
  /// The same file at several addresses, the first preferred.
  let urls: [String]

  package init(_ name: String, byteCount: Int, sha256: String, urls: [String]) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
    self.urls = urls
  }

  /// Fetches the file from the first address that has it.
  ///
  /// - Throws: what each of the addresses failed with, in one sentence.
  func fetch(
    into folder: String, for dataset: String, _ progress: ((DownloadProgress) -> Void)?
  ) throws(DatasetError) {
    var failures: [DownloadError] = []
    for url in urls {
      do {
        return try Download.fetch(
          url, to: "\(folder)/\(name)", sha256: sha256, byteLimit: byteCount, progress: progress)
      } catch {
        if error.kind == .cancelled { throw DatasetError(.cancelled, dataset, "\(error)") }
        failures.append(error)
        // Another address would not help.
        if error.kind == .libraryMissing || error.kind == .file { break }
      }
    }
    let reasons = failures.map { "\($0)" }.joined(separator: "; ")
    throw DatasetError(
      .download, dataset,
      "\(name) could not be fetched: \(reasons); or put the file into a folder \(dataset) inside of one "
        + "that the environment variable KOBAI_DATA names")
  }
}
