import CKernels

/// The element type of a tensor.
///
///     Tensor([1, 2]).dtype          // int64
///     Tensor([1.0, 2.0]).dtype      // float32
@frozen public enum DType: UInt8, Sendable, Hashable, CaseIterable {
  case float32 = 0
  case float64 = 1
  case float16 = 2
  /// The upper half of a float32: its exponent of 8 bits, and 7 bits of fraction.
  case bfloat16 = 3
  case int8 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case uint8 = 8
  case bool = 9
  /// Pairs of float32: the real part, then the imaginary one.
  case complex64 = 10
  /// Pairs of float64.
  case complex128 = 11
}

extension DType {
  /// The number that kernels know it by: `rawValue`, without a call.
  @inlinable public var code: UInt8 { unsafeBitCast(self, to: UInt8.self) }

  /// The dtype of a kernel's number. Cases are declared in the order of their numbers.
  @inlinable init(code: UInt8) { self = unsafeBitCast(code, to: DType.self) }

  /// Bytes per element.
  @inlinable public var size: Int { kb_dtype_size(code) }

  /// float32, float64, float16 or bfloat16.
  @inlinable public var isFloatingPoint: Bool { code <= DType.bfloat16.code }

  /// complex64 or complex128.
  @inlinable public var isComplex: Bool { code >= DType.complex64.code }

  /// int8 … int64 or uint8; not bool.
  @inlinable public var isInteger: Bool {
    code >= DType.int8.code && code <= DType.uint8.code
  }

  /// Whether tensors of this type may require gradients: floating point and complex ones.
  @inlinable public var isDifferentiable: Bool { isFloatingPoint || isComplex }

  /// Whether values can be negative.
  public var isSigned: Bool { self != .uint8 && self != .bool }

  /// The type of the real and imaginary parts; itself for a real type.
  public var real: DType {
    switch self {
    case .complex64: .float32
    case .complex128: .float64
    default: self
    }
  }

  /// The complex type that holds this one; complex64 for the half types, as there is no smaller one.
  public var complex: DType {
    switch self {
    case .float64, .complex128: .complex128
    default: .complex64
    }
  }

  /// The spacing of numbers at 1 for a floating point (or complex) type; 0 for others.
  public var epsilon: Double {
    switch real {
    case .float32: 0x1p-23
    case .float64: 0x1p-52
    case .float16: 0x1p-10
    case .bfloat16: 0x1p-7
    default: 0
    }
  }

  /// The largest finite value.
  public var greatestFinite: Double {
    switch real {
    case .float32: Double(Float.greatestFiniteMagnitude)
    case .float64: Double.greatestFiniteMagnitude
    case .float16: 65504
    case .bfloat16: 0x1.FEp127
    case .int8: 127
    case .int16: 32767
    case .int32: 2_147_483_647
    case .int64: 0x1p63  // Int64.max, rounded up: Double has no closer number
    case .uint8: 255
    default: 1
    }
  }
}

extension DType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .bool: "bool"
    case .complex64: "complex64"
    case .complex128: "complex128"
    }
  }

  /// The type of that name (`"float32"`), or nil.
  public init?(name: String) {
    guard let match = DType.allCases.first(where: { $0.description == name }) else { return nil }
    self = match
  }
}
