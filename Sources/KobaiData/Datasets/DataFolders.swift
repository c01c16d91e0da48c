#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where data sets are looked for, in this order.
package struct DataFolders: Sendable {
  /// The folder that the caller names; then no other counts.
  package var given: String?
  /// The folder that `KOBAI_DATA` names, with one folder per data set.
  package var data: String?
  /// The folder for downloads, with one folder per data set; nil if there is no home folder.
  package var cache: String?
  package var allowsDownload: Bool

  package init(given: String?, data: String?, cache: String?, allowsDownload: Bool) {
    self.given = given
    self.data = data
    self.cache = cache
    self.allowsDownload = allowsDownload
  }

  /// The given folder, else what the environment says.
  package init(_ given: String?, allowsDownload: Bool) {
    self.init(
      given: given, data: environment("KOBAI_DATA"),
      cache: Self.cache(
        xdg: environment("XDG_CACHE_HOME"), home: environment("HOME")),
      allowsDownload: allowsDownload)
  }

  /// The folder for downloads: the XDG Base Directory Specification's, Apple's on macOS.
  package static func cache(xdg: String?, home: String?) -> String? {
    // The specification: a relative path is invalid and is to be ignored.
    if let xdg, xdg.hasPrefix("/") { return "\(xdg)/kobai" }
    #if canImport(Darwin)
      return home.map { "\($0)/Library/Caches/kobai" }
    #else
      return home.map { "\($0)/.cache/kobai" }
    #endif
  }
}

/// The value of an environment variable; nil if it is not set or empty.
private func environment(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}

func isFile(_ path: String) -> Bool {
  var info = stat()
  return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
}
