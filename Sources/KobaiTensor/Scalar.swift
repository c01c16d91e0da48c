import CKernels
import ComplexModule

/// What can stand beside a tensor in an operation: a tensor, or a Swift number, which adopts the tensor's
/// dtype.
public protocol TensorOperand {
  /// As a tensor; a number as one that adopts the dtype of what it meets.
  var operand: Tensor { get }
}

extension Tensor: TensorOperand {
  @inlinable public var operand: Tensor { self }
}

extension TensorScalar {
  @inlinable public var operand: Tensor { Tensor(weak: self) }
}

/// A Swift number that can be an element of a tensor.
public protocol TensorScalar: TensorData, TensorOperand {
  /// The dtype whose elements have this type's memory layout.
  static var elementType: DType { get }
  /// As a tensor on its own: it adopts the dtype of what it meets.
  var weakValue: Value { get }
  /// 0, or NaN where the type has one: what a poisoned tensor gives.
  static var missing: Self { get }
}

extension TensorScalar {
  public static var nestedDType: DType { elementType }
  public var nestedShape: [Int]? { [] }
  public func writeElements(_ sink: inout [UInt8]) {
    withUnsafeBytes(of: self) { sink.append(contentsOf: $0) }
  }
  public static func nestedShape(of elements: [Self]) -> [Int]? { [elements.count] }
  public static func writeElements(of elements: [Self], _ sink: inout [UInt8]) {
    elements.withUnsafeBytes { sink.append(contentsOf: $0) }
  }
}

extension TensorScalar where Self: BinaryInteger {
  public var weakValue: Value {
    Value(
      body: nil, bits: UInt64(bitPattern: Int64(truncatingIfNeeded: self)),
      meta: Value.Meta(.int64).with(Value.Meta.weak))
  }
  public static var missing: Self { 0 }
}

extension TensorScalar where Self: BinaryFloatingPoint {
  @inlinable public var weakValue: Value {
    Value(
      body: nil, bits: Double(self).bitPattern, meta: Value.Meta(.float64).with(Value.Meta.weak))
  }
  public static var missing: Self { .nan }
  /// Swift's `Double` is its literals' type: arrays of it take the default dtype, as in PyTorch.
  public static var nestedDType: DType { self == Double.self ? .default : elementType }
}

extension Float: TensorScalar { public static var elementType: DType { .float32 } }
extension Double: TensorScalar { public static var elementType: DType { .float64 } }
#if !(os(macOS) && arch(x86_64))
  extension Float16: TensorScalar { public static var elementType: DType { .float16 } }
#endif
extension Int: TensorScalar { public static var elementType: DType { .int64 } }
extension Int64: TensorScalar { public static var elementType: DType { .int64 } }
extension Int32: TensorScalar { public static var elementType: DType { .int32 } }
extension Int16: TensorScalar { public static var elementType: DType { .int16 } }
extension Int8: TensorScalar { public static var elementType: DType { .int8 } }
extension UInt8: TensorScalar { public static var elementType: DType { .uint8 } }

extension Bool: TensorScalar {
  public static var elementType: DType { .bool }
  public var weakValue: Value {
    Value(body: nil, bits: self ? 1 : 0, meta: Value.Meta(.bool).with(Value.Meta.weak))
  }
  public static var missing: Bool { false }
}

/// The type of the parts of a complex element: `Float` or `Double`.
public protocol TensorComplexPart: TensorScalar, BinaryFloatingPoint {}
extension Float: TensorComplexPart {}
extension Double: TensorComplexPart {}

extension Complex: TensorData where RealType: TensorComplexPart {}
extension Complex: TensorOperand where RealType: TensorComplexPart {}
extension Complex: TensorScalar where RealType: TensorComplexPart {
  public static var elementType: DType { RealType.elementType.complex }
  /// As real numbers do: `Complex<Double>` takes the default dtype's complex one.
  public static var nestedDType: DType { RealType.nestedDType.complex }
  /// A complex Swift number meets tensors as complex64, complex128 beside float64.
  public var weakValue: Value {
    let body = Body(layout: .scalar, dtype: .complex128)
    body.pointer.storeBytes(of: Double(real), as: Double.self)
    body.pointer.storeBytes(of: Double(imaginary), toByteOffset: 8, as: Double.self)
    return Value(body: body, meta: Value.Meta(.complex128).with(Value.Meta.weak))
  }
  public static var missing: Complex<RealType> { Complex(.nan, .nan) }
}

/// Numbers and nested arrays of them: what a tensor can be made from.
public protocol TensorData {
  /// The dtype of a tensor made from it without stating one.
  static var nestedDType: DType { get }
  /// The dtype of the elements that `writeElements` writes.
  static var elementType: DType { get }
  /// The size of each level of nesting; nil if rows differ in length.
  var nestedShape: [Int]? { get }
  /// Appends the elements' bytes, row after row.
  func writeElements(_ sink: inout [UInt8])
  /// `nestedShape` of an array of these.
  static func nestedShape(of elements: [Self]) -> [Int]?
  /// `writeElements` of an array of these.
  static func writeElements(of elements: [Self], _ sink: inout [UInt8])
}

extension TensorData {
  public static func nestedShape(of elements: [Self]) -> [Int]? {
    guard let first = elements.first else { return [0] }
    guard let inner = first.nestedShape, elements.allSatisfy({ $0.nestedShape == inner }) else {
      return nil
    }
    return [elements.count] + inner
  }
  public static func writeElements(of elements: [Self], _ sink: inout [UInt8]) {
    for element in elements { element.writeElements(&sink) }
  }
}

extension Array: TensorData where Element: TensorData {
  public static var nestedDType: DType { Element.nestedDType }
  public static var elementType: DType { Element.elementType }
  public var nestedShape: [Int]? { Element.nestedShape(of: self) }
  public func writeElements(_ sink: inout [UInt8]) { Element.writeElements(of: self, &sink) }
}

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A literal adopts the dtype of the tensor it meets; on its own it has the default dtype.
  @inlinable
  public init(floatLiteral value: Double) { self.init(value.weakValue) }

  /// A literal adopts the dtype of the tensor it meets; on its own it is int64.
  @inlinable
  public init(integerLiteral value: Int) {
    self.init(
      Value(
        body: nil, bits: UInt64(bitPattern: Int64(value)),
        meta: Value.Meta(.int64).with(Value.Meta.weak)))
  }

  /// A Swift number as an operand.
  @inlinable
  public init<S: TensorScalar>(weak scalar: S) { self.init(scalar.weakValue) }
}
