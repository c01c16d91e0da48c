/// Images of the CIFAR data sets in their binary version: plain or compressed by gzip.
///
///     let batch = try CIFAR.read(contentsOf: "data_batch_1.bin", .cifar10)
///     batch.count            // 10000
///     batch.images.count     // 30720000 = 10000 × 3 × 32 × 32
///     batch.labels[0]        // 6, a frog
///
/// Layout: one record per image, which is the label (CIFAR-100: the coarse label, then the fine one)
/// and 3072 bytes: the red, the green and the blue plane of 32 rows of 32 pixels.
/// Source: https://www.cs.toronto.edu/~kriz/cifar.html ("binary version").
public struct CIFAR: Sendable, Hashable {
  /// Which of the data sets.
  public enum Kind: String, Sendable, Hashable {
    /// 10 classes.
    case cifar10 = "CIFAR-10"
    /// 100 classes in 20 superclasses.
    case cifar100 = "CIFAR-100"

    /// The classes of a label.
    public var classCount: Int { self == .cifar10 ? 10 : 100 }

    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
  }

  /// The pixels: images × 3 colors × 32 rows × 32 columns.
  public let images: [UInt8]
  /// The class of each image: 0...9, or 0...99 (fine labels).
  public let labels: [UInt8]
  /// CIFAR-100's superclass of each image, 0...19; empty for CIFAR-10.
  public let coarseLabels: [UInt8]

  /// The number of images.
  public var count: Int { labels.count }

  static let imageSize = 3 * 32 * 32
  private static let coarseClassCount = 20
  /// The largest file there is has 50,000 records of CIFAR-100.
  private static let maximalSize = 1 << 28

  /// Reads a file. Whether it is compressed shows in its first bytes, not in its name.
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is not such a file.
  public static func read(contentsOf path: String, _ kind: Kind) throws -> CIFAR {
    try decoding(path) { bytes throws(FormatError) in try decode(bytes, kind) }
  }

  /// Reads from memory, plain or compressed.
  ///
  /// - Throws: `FormatError` that says what is wrong.
  public static func decode(_ bytes: [UInt8], _ kind: Kind) throws(FormatError) -> CIFAR {
    let bytes = Zlib.isGzip(bytes) ? try Zlib.decompress(bytes, limit: maximalSize) : bytes
    let recordSize = kind.labelBytes + imageSize
    guard bytes.count % recordSize == 0, !bytes.isEmpty else {
      throw FormatError(
        "cifar",
        "\(bytes.count) bytes are not a number of \(kind.rawValue) records of \(recordSize): the file "
          + "was cut short or is another format")
    }
    let count = bytes.count / recordSize
    var (labels, coarseLabels): ([UInt8], [UInt8]) = ([], [])
    labels.reserveCapacity(count)
    for record in 0..<count {
      let start = record * recordSize
      if kind == .cifar100 {
        try check(bytes[start], below: coarseClassCount, "coarse label", record)
        coarseLabels.append(bytes[start])
      }
      let label = bytes[start + kind.labelBytes - 1]
      try check(label, below: kind.classCount, "label", record)
      labels.append(label)
    }
    let images = [UInt8](unsafeUninitializedCapacity: count * imageSize) { target, initialized in
      bytes.withUnsafeBufferPointer { source in
        for record in 0..<count {
          let start = record * recordSize + kind.labelBytes
          let image = UnsafeBufferPointer(rebasing: source[start..<start + imageSize])
          _ = UnsafeMutableBufferPointer(rebasing: target[(record * imageSize)...])
            .update(fromContentsOf: image)
        }
      }
      initialized = count * imageSize
    }
    return CIFAR(images: images, labels: labels, coarseLabels: coarseLabels)
  }

  private static func check(
    _ label: UInt8, below bound: Int, _ name: String, _ record: Int
  ) throws(FormatError) {
    guard label < bound else {
      throw FormatError(
        "cifar",
        "the \(name) of record \(record) is \(label), but labels are 0...\(bound - 1): the file is "
          + "another format or damaged")
    }
  }
}
