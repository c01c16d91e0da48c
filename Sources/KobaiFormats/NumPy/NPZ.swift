/// Named arrays in NumPy's `.npz` format: a ZIP archive of `.npy` files, stored or deflated.
///
///     try NPZ.write([("x", x), ("y", y)], to: "data.npz", compressed: true)
///     let file = try NPZ(contentsOf: "data.npz")
///     file.names                    // ["x", "y"]
///     try file.array("x")           // Optional(x)
///
/// Opening reads the names; an array is read when it is asked for.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.savez.html
public struct NPZ: Sendable {
  private let archive: ZipArchive
  private static let suffix = ".npy"

  /// Reads from memory.
  ///
  /// - Throws: `FormatError` if it is not a ZIP archive.
  public init(bytes: [UInt8]) throws(FormatError) { archive = try ZipArchive(bytes: bytes) }

  /// Opens a file. Its arrays stay on disk until they are asked for.
  ///
  /// - Throws: `FileError` if it cannot be opened, `FormatError` if it is not a ZIP archive.
  public init(contentsOf path: String) throws { archive = try ZipArchive(contentsOf: path) }

  /// The names of the arrays, in the archive's order.
  public var names: [String] {
    archive.entries.filter { $0.name.hasSuffix(Self.suffix) }
      .map { String($0.name.dropLast(Self.suffix.count)) }
  }

  /// An array; nil if there is none of that name.
  ///
  /// - Parameter limit: how many bytes to accept; a small file can stand for a thousand times its size.
  /// - Throws: `FormatError` if the data is damaged, too large or not an array of numbers.
  public func array(_ name: String, limit: Int = 1 << 36) throws(FormatError) -> RawArray? {
    guard let bytes = try archive.bytes(of: name + Self.suffix, limit: limit) else { return nil }
    do {
      return try NPY.decode(bytes)
    } catch {
      throw FormatError("npz", "the array \(name): \(error.message)")
    }
  }

  /// The bytes of a file with these arrays. The same arrays give the same bytes.
  ///
  /// - Throws: `FormatError` if a name stands twice, or as `NPY.encode` does.
  public static func encode(
    _ arrays: [(name: String, array: RawArray)], compressed: Bool = false
  ) throws(FormatError) -> [UInt8] {
    var files: [(name: String, bytes: [UInt8])] = []
    for (name, array) in arrays { files.append((name + suffix, try NPY.encode(array))) }
    return try ZipArchive.encode(files, compressed: compressed)
  }

  /// Writes a file with these arrays. It appears complete or not at all.
  ///
  /// - Throws: `FormatError` as `encode` does, `FileError` if the file cannot be written.
  public static func write(
    _ arrays: [(name: String, array: RawArray)], to path: String, compressed: Bool = false
  ) throws {
    try AtomicFile.write(try encode(arrays, compressed: compressed), to: path)
  }
}
