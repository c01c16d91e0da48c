import KobaiFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files out of `.tar.gz` archives.
package enum Tar {
  /// The most bytes that an archive may unpack to.
  private static let limit = 1 << 31

  /// Unpacks some files of an archive into a folder, under their last names.
  ///
  /// They are written to a hidden folder first and moved when the archive has been read to its end, with
  /// its checksum: if anything fails, nothing is left behind.
  ///
  /// - Parameters:
  ///   - archive: the path of a `.tar.gz`.
  ///   - paths: the files' paths in it; all must be there.
  ///   - folder: a folder that exists.
  /// - Throws: `FileError`, or `FormatError` that says what is wrong with the archive.
  package static func unpack(
    _ archive: String, _ paths: [String], into folder: String
  ) throws {
    let inflater = try Inflater(contentsOf: archive)
    var reader = TarReader(limit: limit) { buffer throws(FormatError) in
      try inflater.read(into: buffer)
    }
    var generator = SystemRandomNumberGenerator()
    let staging = "\(folder)/.\(String(generator.next(), radix: 36)).partial"
    try Folder.make(staging)
    defer { Folder.remove(staging) }
    var missing = Set(paths)
    while let entry = try reader.next() {
      guard !entry.isFolder, paths.contains(entry.path) else { continue }
      guard missing.remove(entry.path) != nil else {
        throw FormatError("tar", "\(entry.path) is in it twice", path: archive)
      }
      try copy(&reader, to: "\(staging)/\(name(entry.path))")
    }
    guard missing.isEmpty else {
      throw FormatError(
        "tar", "it does not hold \(missing.sorted().joined(separator: ", "))", path: archive)
    }
    for path in paths.map(name) {
      guard rename("\(staging)/\(path)", "\(folder)/\(path)") == 0 else {
        throw FileError(
          message: "cannot write \(folder)/\(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func copy(_ reader: inout TarReader, to path: String) throws {
    try AtomicFile.write(to: path) { output in
      try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
        while true {
          let count = try reader.read(into: buffer)
          if count == 0 { return }
          try output.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
      }
    }
  }
}
