import KobaiFormats

/// Reads a tar archive (ustar, with the long names of pax and GNU) from front to back.
///
/// It gives regular files and folders, and refuses the rest: links and devices have no place among data,
/// nor have paths that lead out of the folder. Checksums of headers are verified, sizes are bounded by
/// what the archive may hold.
///
/// Source: POSIX.1-2017, `pax`, "ustar Interchange Format" and "pax Extended Header".
package struct TarReader {
  /// Fills the buffer; less only at the end of the archive.
  package typealias Source = (UnsafeMutableRawBufferPointer) throws(FormatError) -> Int

  /// A file or folder of the archive.
  package struct Entry: Sendable, Hashable {
    package let path: String
    package let isFolder: Bool
    /// The bytes of the file; 0 for a folder.
    package let size: Int
  }

  private let source: Source
  /// How many bytes the archive may still have.
  private var budget: Int
  /// What is left of the present entry, and the padding behind it.
  private var remaining = 0
  private var padding = 0
  private var isAtEnd = false

  static let blockSize = 512
  /// Longer paths are refused, and larger extended headers.
  private static let extensionLimit = 1 << 16

  /// - Parameter limit: the most bytes that the archive may have when it is not compressed.
  package init(limit: Int, _ source: @escaping Source) {
    self.source = source
    budget = limit
  }

  /// The next entry; nil at the end, once the source has given all it has.
  ///
  /// What was not read of the entry before is skipped.
  ///
  /// - Throws: `FormatError` that says what is wrong with the archive.
  package mutating func next() throws(FormatError) -> Entry? {
    var path: String?
    var size: Int?
    while !isAtEnd {
      try skip()
      let block = try readBlock()
      guard block.contains(where: { $0 != 0 }) else {
        try drain()
        return nil
      }
      let header = try TarHeader(block)
      switch header.kind {
      case .file, .folder:
        let path = path ?? header.path
        // Folders of old archives are files whose names end in a slash.
        let isFolder = header.kind == .folder || path.hasSuffix("/")
        try begin(isFolder ? 0 : size ?? header.size)
        return Entry(path: try Self.checked(path), isFolder: isFolder, size: remaining)
      case .longPath:
        path = TarHeader.text(try readExtension(header)[...])
      case .extended:
        for (key, value) in try TarHeader.records(try readExtension(header)) {
          if key == "path" { path = value }
          if key == "size" { size = try TarHeader.decimal(value) }
        }
      case .ignored:
        try begin(header.size)
      case .refused(let what):
        throw FormatError(
          "tar", "\(path ?? header.path) is \(what); only files and folders are unpacked")
      }
    }
    return nil
  }

  /// Reads from the present file.
  ///
  /// - Returns: the number of bytes; 0 at the file's end.
  package mutating func read(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(FormatError) -> Int {
    let count = Swift.min(buffer.count, remaining)
    guard count > 0 else { return 0 }
    try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    remaining -= count
    return count
  }

  /// A path that stays inside of the folder where it is unpacked.
  private static func checked(_ path: String) throws(FormatError) -> String {
    let isSafe =
      !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
      && path.utf8.count <= 4096
      && !path.split(separator: "/").contains("..")
    guard isSafe else {
      throw FormatError(
        "tar",
        "the path \(String(reflecting: String(path.prefix(200)))) leads out of the folder or is none"
      )
    }
    return path
  }

  private mutating func begin(_ size: Int) throws(FormatError) {
    guard size <= budget else {
      throw FormatError("tar", "a file of \(size) bytes is more than the \(budget) that may follow")
    }
    remaining = size
    padding = (Self.blockSize - size % Self.blockSize) % Self.blockSize
  }

  private mutating func readExtension(_ header: TarHeader) throws(FormatError) -> [UInt8] {
    guard header.size <= Self.extensionLimit else {
      throw FormatError("tar", "an extended header of \(header.size) bytes is too long")
    }
    try begin(header.size)
    var bytes = [UInt8](repeating: 0, count: header.size)
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(FormatError) in try fill(buffer) }
    }
    try result.get()
    remaining = 0
    return bytes
  }

  private mutating func readBlock() throws(FormatError) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    let result = block.withUnsafeMutableBytes { buffer in
      Result { () throws(FormatError) in try fill(buffer) }
    }
    try result.get()
    return block
  }

  private mutating func skip() throws(FormatError) {
    var rest = remaining + padding
    (remaining, padding) = (0, 0)
    var scratch = [UInt8](repeating: 0, count: Swift.min(rest, 1 << 16))
    while rest > 0 {
      let count = Swift.min(rest, scratch.count)
      let result = scratch.withUnsafeMutableBytes { buffer in
        Result { () throws(FormatError) in
          try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        }
      }
      try result.get()
      rest -= count
    }
  }

  private mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    guard buffer.count <= budget else {
      throw FormatError("tar", "the archive is larger than it may be")
    }
    budget -= buffer.count
    guard try source(buffer) == buffer.count else {
      throw FormatError("tar", "the archive ends too early: it was cut short")
    }
  }

  /// Reads what follows the end mark: compressed sources verify their checksum at their end.
  private mutating func drain() throws(FormatError) {
    isAtEnd = true
    var scratch = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let result = scratch.withUnsafeMutableBytes { buffer in
        Result { () throws(FormatError) in try source(buffer) }
      }
      let count = try result.get()
      if count == 0 { return }
      budget -= count
      guard budget >= 0 else { throw FormatError("tar", "the archive is larger than it may be") }
    }
  }
}
