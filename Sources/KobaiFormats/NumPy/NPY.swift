/// Arrays in NumPy's `.npy` format, versions 1 to 3.
///
///     try NPY.write(RawArray([1, 2, 3] as [Float], dtype: .float32, shape: [3]), to: "x.npy")
///     try NPY.read(contentsOf: "x.npy").shape      // [3]; numpy.load("x.npy") reads it as well
///
/// All of NumPy's booleans, integers, half, single and double precision numbers and complex numbers of
/// these are read, in either byte order and in C or Fortran order. Texts, dates, records, long doubles
/// and Python objects are refused; nothing in a file is ever executed.
///
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NPY {
  /// Reads a file.
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is malformed or holds what is not
  ///   a number.
  public static func read(contentsOf path: String) throws -> RawArray {
    try decoding(path, decode)
  }

  /// Reads from memory.
  ///
  /// - Throws: `FormatError` that says what is wrong.
  public static func decode(_ bytes: [UInt8]) throws(FormatError) -> RawArray {
    let header = try Header(bytes)
    let available = bytes.count - header.dataStart
    guard available == header.byteCount else {
      throw FormatError(
        "npy",
        "\(header.dtype.rawValue) \(header.shape) takes \(header.byteCount) bytes, but \(available) "
          + "follow the header: the file was cut short or holds more than one array")
    }
    return header.array(Array(bytes[header.dataStart...]))
  }

  /// The bytes of a file with this array: the same that `numpy.save` writes.
  ///
  /// - Throws: `FormatError` for bfloat16, which NumPy does not know, or if shape and bytes do not fit.
  public static func encode(_ array: RawArray) throws(FormatError) -> [UInt8] {
    try array.checkSize(for: "npy")
    return try Header.encode(array.dtype, array.shape) + array.bytes
  }

  /// Writes a file with this array. It appears complete or not at all.
  ///
  /// - Throws: `FormatError` as `encode` does, `FileError` if the file cannot be written.
  public static func write(_ array: RawArray, to path: String) throws {
    try AtomicFile.write(try encode(array), to: path)
  }
}

extension NPY.Header {
  /// The elements as they follow the header, in the machine's byte order and in C order.
  func array(_ elements: [UInt8]) -> RawArray {
    var array = RawArray(dtype: dtype, shape: shape, bytes: elements)
    if isBigEndian { array.swapBytes() }
    if isFortranOrder && shape.count > 1 { array.bytes = rowMajor(array.bytes) }
    // Any byte but zero is true to NumPy; here only 1 is.
    if dtype == .bool {
      for index in array.bytes.indices where array.bytes[index] > 1 { array.bytes[index] = 1 }
    }
    return array
  }

  private func rowMajor(_ bytes: [UInt8]) -> [UInt8] {
    switch dtype.size {
    case 1: reordered(bytes, UInt8.self)
    case 2: reordered(bytes, UInt16.self)
    case 4: reordered(bytes, UInt32.self)
    case 8: reordered(bytes, UInt64.self)
    default: reordered(bytes, SIMD2<UInt64>.self)
    }
  }

  private func reordered<Element: BitwiseCopyable>(
    _ bytes: [UInt8], _ type: Element.Type
  ) -> [UInt8] {
    let size = MemoryLayout<Element>.size
    var strides: [Int] = []
    var step = size
    for dimension in shape {
      strides.append(step)
      step *= Swift.max(dimension, 1)
    }
    let inner = shape[shape.count - 1]
    let innerStride = strides[shape.count - 1]
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
      let target = UnsafeMutableRawPointer(target.baseAddress)
      bytes.withUnsafeBytes { source in
        var index = [Int](repeating: 0, count: shape.count)
        var (from, to) = (0, 0)
        while to < bytes.count {
          for column in 0..<inner {
            let element = source.loadUnaligned(
              fromByteOffset: from + column * innerStride, as: Element.self)
            target?.storeBytes(of: element, toByteOffset: to, as: Element.self)
            to += size
          }
          // The next row: the last dimension but one runs fastest.
          for dimension in stride(from: shape.count - 2, through: 0, by: -1) {
            index[dimension] += 1
            from += strides[dimension]
            guard index[dimension] == shape[dimension] else { break }
            from -= shape[dimension] * strides[dimension]
            index[dimension] = 0
          }
        }
      }
      count = bytes.count
    }
  }
}
