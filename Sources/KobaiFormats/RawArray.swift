/// Elements of one type in a shape, as bytes: what array files hold.
///
/// Elements are in the machine's byte order (little-endian on every machine that Kobai supports), row
/// after row ("C order"), without gaps.
///
///     let array = RawArray([1, 2, 3, 4, 5, 6] as [Float], dtype: .float32, shape: [2, 3])
///     array.bytes.count                  // 24
///     array.elements(as: Float.self)     // [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
public struct RawArray: Sendable, Hashable {
  /// The types of elements, by the names that NumPy and PyTorch give them.
  public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case bool
    case uint8, uint16, uint32, uint64
    case int8, int16, int32, int64
    case float16, bfloat16, float32, float64
    case complex64, complex128

    /// Bytes per element.
    public var size: Int {
      switch self {
      case .bool, .uint8, .int8: 1
      case .uint16, .int16, .float16, .bfloat16: 2
      case .uint32, .int32, .float32: 4
      case .uint64, .int64, .float64, .complex64: 8
      case .complex128: 16
      }
    }

    /// Bytes of the number whose order a file states: half an element for a complex type.
    var wordSize: Int {
      switch self {
      case .complex64, .complex128: size / 2
      default: size
      }
    }
  }

  /// The type of the elements.
  public var dtype: ElementType
  /// The size of each dimension; empty for a single number.
  public var shape: [Int]
  /// The elements.
  public var bytes: [UInt8]

  /// - Parameter bytes: as many as the shape's elements take; encoders check it.
  public init(dtype: ElementType, shape: [Int], bytes: [UInt8]) {
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// The bytes of elements. `Element` must be as large as one of `dtype`.
  public init<Element: BitwiseCopyable>(
    _ elements: [Element], dtype: ElementType, shape: [Int]
  ) {
    precondition(
      MemoryLayout<Element>.stride == dtype.size,
      "RawArray: \(Element.self) is not as large as \(dtype.rawValue)")
    self.init(dtype: dtype, shape: shape, bytes: elements.withUnsafeBytes { Array($0) })
  }

  /// The number of elements: the product of the shape.
  public var count: Int { shape.reduce(1, *) }

  /// The elements as Swift values. `Element` must be as large as one of `dtype`.
  public func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
    precondition(
      MemoryLayout<Element>.stride == dtype.size,
      "elements: \(Element.self) is not as large as \(dtype.rawValue)")
    let count = bytes.count / dtype.size
    return [Element](unsafeUninitializedCapacity: count) { target, initialized in
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[..<(count * dtype.size)]))
      }
      initialized = count
    }
  }

  /// The bytes that elements of a type in a shape take; nil if that is negative or overflows.
  static func byteCount(_ dtype: ElementType, _ shape: some Sequence<Int>) -> Int? {
    var (size, isEmpty) = (dtype.size, false)
    for dimension in shape {
      guard dimension >= 0 else { return nil }
      // A zero anywhere makes the array empty, however large the other dimensions are.
      if dimension == 0 { isEmpty = true }
      let (product, overflows) = size.multipliedReportingOverflow(by: Swift.max(dimension, 1))
      guard !overflows else { return nil }
      size = product
    }
    return isEmpty ? 0 : size
  }

  /// Throws unless the bytes are as many as dtype and shape ask for.
  func checkSize(for format: String) throws(FormatError) {
    guard let size = Self.byteCount(dtype, shape) else {
      throw FormatError(format, "an array of shape \(shape) is larger than any memory")
    }
    guard size == bytes.count else {
      throw FormatError(
        format,
        "an array of \(dtype.rawValue) \(shape) takes \(size) bytes, but \(bytes.count) were given")
    }
  }

  /// Reverses the bytes of each number, between big- and little-endian.
  mutating func swapBytes() {
    let word = dtype.wordSize
    bytes.withUnsafeMutableBytes { raw in
      switch word {
      case 2: Self.swap(raw, UInt16.self)
      case 4: Self.swap(raw, UInt32.self)
      case 8: Self.swap(raw, UInt64.self)
      default: break
      }
    }
  }

  private static func swap<Word: FixedWidthInteger>(
    _ raw: UnsafeMutableRawBufferPointer, _ type: Word.Type
  ) {
    let size = MemoryLayout<Word>.size
    for offset in stride(from: 0, to: raw.count - size + 1, by: size) {
      let word = raw.loadUnaligned(fromByteOffset: offset, as: Word.self)
      raw.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
    }
  }
}
