#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The path from the root, so that a run can be continued from another folder.
func absolutePath(_ path: String) -> String {
  path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}

/// A file's name without its folder and ending: `houses` of `data/houses.csv`.
func fileStem(_ path: String) -> String {
  let name = path.split(separator: "/").last.map(String.init) ?? path
  return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
}

/// Makes a folder and those above it that are missing.
///
/// - Throws: the system's reason.
func makeFolder(_ path: String) throws(CommandError) {
  var made = path.hasPrefix("/") ? "" : "."
  for part in path.split(separator: "/") {
    made += "/\(part)"
    var info = stat()
    if stat(made, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR { continue }
    guard mkdir(made, 0o777) == 0 else {
      throw CommandError(String(cString: strerror(errno)))
    }
  }
}
