import KobaiFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the data sets do with folders.
enum Folder {
  /// Makes a folder and those in which it lies, unless they are there.
  static func make(_ path: String) throws(FileError) {
    var partial = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      partial += "/\(component)"
      if mkdir(partial, 0o777) == 0 || errno == EEXIST { continue }
      throw FileError(
        message: "cannot make the folder \(partial): \(String(cString: strerror(errno)))")
    }
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw FileError(message: "\(path) is not a folder; move it, or choose another place")
    }
  }

  /// Removes what programs left that were stopped while they wrote: hidden `.partial` files and folders
  /// that nobody has touched for a day.
  static func removeRemains(in path: String) {
    let day = 86_400
    for name in names(in: path) where name.hasPrefix(".") && name.hasSuffix(".partial") {
      let entry = "\(path)/\(name)"
      var info = stat()
      guard lstat(entry, &info) == 0, time(nil) - modificationTime(info) > day else { continue }
      if info.st_mode & S_IFMT == S_IFDIR { remove(entry) } else { unlink(entry) }
    }
  }

  /// Removes a folder and the files in it.
  static func remove(_ path: String) {
    for name in names(in: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  private static func modificationTime(_ info: stat) -> Int {
    #if canImport(Darwin)
      info.st_mtimespec.tv_sec
    #else
      info.st_mtim.tv_sec
    #endif
  }

  private static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
