/// A ZIP archive: files that are stored or deflated.
///
///     let archive = try ZipArchive(contentsOf: "data.zip")
///     archive.entries.map(\.name)                    // ["readme.txt"]
///     try archive.bytes(of: "readme.txt")            // Optional([…])
///
/// Archives and files beyond 4 GiB are read and written. Encrypted files, archives in several parts
/// and other methods of compression are refused.
///
/// Source: PKWARE, *APPNOTE.TXT - .ZIP File Format Specification*, version 6.3.
public struct ZipArchive: Sendable {
  /// A file of an archive.
  public struct Entry: Sendable, Hashable {
    /// The file's path in the archive.
    public let name: String
    /// The bytes of the file.
    public let size: Int
    /// The bytes that it takes in the archive.
    public let compressedSize: Int
    let isDeflated: Bool
    let checksum: UInt32
    /// Where its own header begins.
    let offset: Int
  }

  /// The files in the order of the archive's directory.
  public let entries: [Entry]
  private let index: [String: Int]
  private let source: ByteSource

  /// Reads from memory.
  ///
  /// - Throws: `FormatError` that says what is wrong with the directory.
  public init(bytes: [UInt8]) throws(FormatError) { try self.init(.array(bytes)) }

  /// Opens a file. Only the directory is read at once.
  ///
  /// - Throws: `FileError` if it cannot be opened, `FormatError` if its directory is malformed.
  public init(contentsOf path: String) throws {
    let file = try MappedFile(path)
    do {
      try self.init(.mapped(file))
    } catch {
      throw error.at(path)
    }
  }

  private init(_ source: ByteSource) throws(FormatError) {
    self.source = source
    entries = try source.withBytes { bytes throws(FormatError) in
      try ZipDirectory(bytes).entries()
    }
    var index: [String: Int] = [:]
    for (position, entry) in entries.enumerated() {
      guard index.updateValue(position, forKey: entry.name) == nil else {
        throw FormatError("zip", "the name \(entry.name) stands twice in the archive")
      }
    }
    self.index = index
  }

  /// The contents of a file; nil if there is none of that name.
  ///
  /// - Parameter limit: how many bytes to accept; a small file can stand for a thousand times its size.
  /// - Throws: `FormatError` if the data is damaged or larger than `limit`.
  public func bytes(of name: String, limit: Int = 1 << 36) throws(FormatError) -> [UInt8]? {
    guard let entry = index[name].map({ entries[$0] }) else { return nil }
    guard entry.size <= limit else {
      throw FormatError(
        "zip", "\(name) has \(entry.size) bytes, more than the \(limit) that are allowed")
    }
    let packed = try source.withBytes { bytes throws(FormatError) in
      Array(bytes[try ZipDirectory(bytes).data(of: entry)])
    }
    var result = packed
    if entry.isDeflated {
      do {
        result = try Zlib.decompress(packed, .raw, limit: entry.size)
      } catch {
        throw FormatError("zip", "\(name): \(error.message)")
      }
    }
    guard result.count == entry.size else {
      throw FormatError(
        "zip", "\(name) has \(result.count) bytes, but the directory says \(entry.size)")
    }
    let checksum = result.withUnsafeBytes { CRC32.checksum($0) }
    guard checksum == entry.checksum else {
      throw FormatError("zip", "\(name) is damaged: its checksum is not the directory's")
    }
    return result
  }
}
