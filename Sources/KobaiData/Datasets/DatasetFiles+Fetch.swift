import KobaiFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension DatasetFiles {
  /// Downloads what the folder does not hold yet. Each file appears complete and checked, or not at all.
  func fetch(
    into folder: String, _ progress: ((DownloadProgress) -> Void)?
  ) throws(DatasetError) {
    do {
      try Folder.make(folder)
    } catch {
      throw DatasetError(.download, name, "\(error)")
    }
    Folder.removeRemains(in: folder)
    switch remote {
    case .files(let files):
      for file in files where !isFile("\(folder)/\(file.name)") {
        try file.fetch(into: folder, for: name, progress)
      }
    case .archive(let file, let inner, let names):
      let path = "\(folder)/\(file.name)"
      // Left by a program that was stopped while it unpacked.
      let isThere = isFile(path) && (try? SHA256.hexDigest(contentsOf: path)) == file.sha256
      if !isThere { try file.fetch(into: folder, for: name, progress) }
      do {
        try Tar.unpack(path, names.map { "\(inner)/\($0)" }, into: folder)
      } catch {
        throw DatasetError(
          error is FileError ? .download : .damaged, name,
          "\(file.name) cannot be unpacked: \(error)")
      }
      unlink(path)
    }
  }
}
