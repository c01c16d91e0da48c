import KobaiTensor

/// A tensor as plain numbers: what is compared, without any operation of the library under test.
public struct HostTensor: Sendable {
  public let dtype: DType
  public let shape: [Int]
  /// The elements, row after row; a complex one is two parts.
  public let bytes: [UInt8]

  public init(dtype: DType, shape: [Int], bytes: [UInt8]) {
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  public var count: Int { shape.reduce(1, *) }

  /// The elements in double precision; of a complex tensor real and imaginary parts in turn.
  public var numbers: [Double] {
    bytes.withUnsafeBytes { raw in
      func read<T: BitwiseCopyable>(_ type: T.Type, _ convert: (T) -> Double) -> [Double] {
        (0..<raw.count / MemoryLayout<T>.size).map {
          convert(raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: type))
        }
      }
      switch dtype {
      case .float32, .complex64: return read(Float.self) { Double($0) }
      case .float64, .complex128: return read(Double.self) { $0 }
      case .float16: return read(UInt16.self, Self.fromHalf)
      case .bfloat16: return read(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
      case .int8: return read(Int8.self) { Double($0) }
      case .int16: return read(Int16.self) { Double($0) }
      case .int32: return read(Int32.self) { Double($0) }
      case .int64: return read(Int64.self) { Double($0) }
      case .uint8, .bool: return read(UInt8.self) { Double($0) }
      }
    }
  }

  /// IEEE binary16, decoded by hand: `Float16` does not exist everywhere.
  static func fromHalf(_ bits: UInt16) -> Double {
    let sign: FloatingPointSign = bits >> 15 == 0 ? .plus : .minus
    let exponent = Int(bits >> 10 & 31)
    let fraction = Double(bits & 1023)
    let magnitude: Double =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
      }
    return sign == .plus ? magnitude : -magnitude
  }

  /// Whether the bytes of one element are equal.
  func isSame(as other: HostTensor, at index: Int) -> Bool {
    let range = index * dtype.size..<(index + 1) * dtype.size
    return bytes[range] == other.bytes[range]
  }

  /// The position of element `index`, counted row after row.
  func position(of index: Int) -> [Int] {
    var rest = index
    var result = shape
    for i in shape.indices.reversed() {
      (rest, result[i]) = rest.quotientAndRemainder(dividingBy: shape[i])
    }
    return result
  }
}

extension HostTensor {
  public init(_ tensor: Tensor) {
    self.init(dtype: tensor.dtype, shape: tensor.shape, bytes: tensor.bytes)
  }
}
