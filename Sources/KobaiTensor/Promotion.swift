import Synchronization

// How dtypes combine, as PyTorch does it:
// https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc

extension DType {
  /// bool < integers < floating point < complex: what a number or rank-0 tensor must exceed to change
  /// the dtype of a tensor with dimensions.
  @frozen public enum Category: UInt8, Comparable, Sendable {
    case bool, integer, floating, complex
    @inlinable public static func < (a: Category, b: Category) -> Bool { a.rawValue < b.rawValue }
  }

  /// Which of the four kinds of numbers this dtype holds.
  @inlinable public var category: Category {
    if self == .bool { return .bool }
    if isInteger { return .integer }
    return isFloatingPoint ? .floating : .complex
  }

  /// The smallest type that holds values of both.
  ///
  ///     DType.promote(.uint8, .int8)          // int16
  ///     DType.promote(.float16, .bfloat16)    // float32
  ///     DType.promote(.int64, .float16)       // float16
  public static func promote(_ a: DType, _ b: DType) -> DType {
    if a == b { return a }
    if a.category != b.category {
      let (low, high) = a.category < b.category ? (a, b) : (b, a)
      // A float64 beside a complex64 needs complex128; other lower categories adopt the higher type.
      return high == .complex64 && low == .float64 ? .complex128 : high
    }
    switch a.category {
    case .bool: return .bool
    case .integer:
      if a == .uint8 || b == .uint8 {
        let signed = a == .uint8 ? b : a
        return signed == .int8 ? .int16 : signed
      }
      return a.size > b.size ? a : b
    case .floating:
      // Neither half type holds the other.
      return a.size == b.size ? .float32 : (a.size > b.size ? a : b)
    case .complex: return .complex128
    }
  }

  /// Whether `x.to(other)` keeps the category or raises it, as an in-place operation's result must.
  public func canCast(to other: DType) -> Bool { category <= other.category }

  private static let defaultStorage = Atomic<UInt8>(DType.float32.rawValue)

  /// The dtype of floating point literals and of creation without a dtype; float32 at start.
  ///
  /// May be set to a floating point type only.
  public static var `default`: DType {
    get { DType(rawValue: defaultStorage.load(ordering: .relaxed)) ?? .float32 }
    set {
      guard newValue.isFloatingPoint else {
        return misuse("DType.default: \(newValue) is not a floating point type", else: ())
      }
      defaultStorage.store(newValue.rawValue, ordering: .relaxed)
    }
  }
}
