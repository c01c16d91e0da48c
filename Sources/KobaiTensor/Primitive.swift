/// An operation as the transforms see it: strict (it neither promotes dtypes nor broadcasts), with every
/// rule that evaluation, differentiation, batching and tracing need. Built-in operations and a user's own
/// conform to the same protocol; most conform to a family (`UnaryElementwise`, `LinearOperation`, …)
/// that derives these requirements from less.
///
/// A conforming type is a value: its stored properties are the operation's attributes (dimensions,
/// strides …), never tensors that may be differentiated.
public protocol Primitive: Hashable, Sendable {
  /// Lower camel case, as errors and graphs print it.
  static var name: String { get }

  /// The types of the outputs for inputs of these types. Inputs have been checked.
  func infer(_ inputs: [TensorType]) -> [TensorType]

  /// The outputs' elements. All inputs are plain.
  func evaluate(_ inputs: [Value]) -> [Value]

  /// The values that `pullback` reads; only these outlive the call.
  var residuals: Residuals { get }

  /// The cotangents of the inputs (nil: zero, or not differentiable), from those of the outputs (nil:
  /// zero). Written in ordinary tensor operations, so that it can itself be transformed.
  func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?]

  /// The tangents of the outputs (nil: zero) from those of the inputs (nil: zero).
  func pushforward(_ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?]

  /// The outputs when some inputs have an extra first dimension of size `size`, over which the operation
  /// is to be repeated. Every output has that dimension first.
  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor]

  /// The operation made ready for inputs and outputs that lie in memory like these, for compiled functions;
  /// nil, which is what an operation gives that does not say, has each replay evaluate it.
  ///
  /// A replay takes for granted that layouts of results, and which results are views of the input of an
  /// operation with one, depend on the layouts of inputs alone, not on elements.
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared?

  /// Whether `batch` repeats the operation in a loop; shown in the table of operations.
  static var batchesByLoop: Bool { get }

  /// How the result names its origin, `MulBackward0` unless stated.
  static var gradientName: String { get }
}

extension Primitive {
  @inlinable public var residuals: Residuals { .all }

  public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    [
      misuse(
        "\(Self.name): has no derivative; detach its inputs, or declare pullback in \(Self.self)")
    ]
  }

  public func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    [
      misuse(
        "\(Self.name): has no forward-mode derivative; declare pushforward in \(Self.self)")
    ]
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? { nil }

  @inlinable public static var batchesByLoop: Bool { false }

  public static var gradientName: String {
    name.prefix(1).uppercased() + name.dropFirst() + "Backward0"
  }
}

/// Which values a derivative rule reads: inputs and outputs by number.
public struct Residuals: OptionSet, Sendable {
  /// Bit i for input i, bit 16 + i for output i.
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Input `i` (of at most 15; a further input counts as the last).
  @inlinable public static func input(_ i: Int) -> Residuals {
    Residuals(rawValue: 1 << UInt32(min(i, 15)))
  }
  /// Output `i` (of at most 15).
  @inlinable public static func output(_ i: Int) -> Residuals {
    Residuals(rawValue: 1 << UInt32(16 + min(i, 15)))
  }
  /// Nothing.
  @inlinable public static var none: Residuals { [] }
  /// The only, or first, input.
  @inlinable public static var input: Residuals { .input(0) }
  /// The only, or first, output.
  @inlinable public static var output: Residuals { .output(0) }
  /// Every input, no output.
  @inlinable public static var inputs: Residuals { Residuals(rawValue: 0xFFFF) }
  /// Everything.
  @inlinable public static var all: Residuals { Residuals(rawValue: ~0) }
}

/// What a derivative rule may read: the values its operation declared, as tensors. Others answer with a
/// misuse, so a rule cannot read what it did not declare.
public struct Kept: Sendable {
  let name: String
  let inputs: [Tensor?]
  let outputs: [Tensor?]
  /// Whether each input takes part in differentiation; a rule may skip the others.
  public let isNeeded: [Bool]

  /// What a primitive of this name has kept; nil is what it has not.
  public init(name: String, inputs: [Tensor?], outputs: [Tensor?], isNeeded: [Bool]) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.isNeeded = isNeeded
  }

  /// The number of inputs, kept or not.
  public var inputCount: Int { inputs.count }
  /// An input that `residuals` declares.
  public func input(_ i: Int) -> Tensor {
    inputs[i]
      ?? misuse("\(name): its derivative reads input \(i), which residuals does not declare")
  }
  /// An output that `residuals` declares.
  public func output(_ i: Int = 0) -> Tensor {
    outputs[i]
      ?? misuse("\(name): its derivative reads output \(i), which residuals does not declare")
  }
}

/// A primitive with one input and one output: the path without arrays.
public protocol UnaryPrimitive: Primitive {
  /// The type of the output.
  func infer(_ x: TensorType) -> TensorType
  /// The output's elements.
  func evaluate(_ x: Value) -> Value
  /// The cotangent of x from dy, that of y. x and y are readable if `residuals` names them.
  func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
  /// The tangent of y from dx, that of x.
  func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
  /// The output when x has an extra first dimension of size `size`, which the output has first, too.
  func batch(_ x: Tensor, size: Int) -> Tensor
}

extension UnaryPrimitive {
  public func infer(_ inputs: [TensorType]) -> [TensorType] { [infer(inputs[0])] }
  public func evaluate(_ inputs: [Value]) -> [Value] { [evaluate(inputs[0])] }
  public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    guard let dy = cotangents[0] else { return [nil] }
    return [
      pullback(
        dy, residuals.contains(.input) ? kept.input(0) : .notKept,
        residuals.contains(.output) ? kept.output(0) : .notKept)
    ]
  }
  public func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    [tangents[0].flatMap { pushforward($0, inputs[0], outputs[0]) }]
  }
  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    [batch(inputs[0], size: size)]
  }
}

/// A primitive with two inputs and one output: the path without arrays.
public protocol BinaryPrimitive: Primitive {
  /// The type of the output.
  func infer(_ x: TensorType, _ y: TensorType) -> TensorType
  /// The output's elements.
  func evaluate(_ x: Value, _ y: Value) -> Value
  /// What the cotangent of x reads.
  var residualsForX: Residuals { get }
  /// What the cotangent of y reads.
  var residualsForY: Residuals { get }
  /// The cotangent of x from dz, that of the output z. x, y and z are readable if `residualsForX` names them.
  func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
  /// The cotangent of y from dz, that of the output z. x, y and z are readable if `residualsForY` names them.
  func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
  /// What dx contributes to the tangent of z.
  func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
  /// What dy contributes to the tangent of z.
  func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
  /// The sum of the two contributions. Addition is an operation, which this module does not name.
  func sum(_ a: Tensor, _ b: Tensor) -> Tensor
}

extension BinaryPrimitive {
  @inlinable public var residuals: Residuals { residualsForX.union(residualsForY) }
  public func infer(_ inputs: [TensorType]) -> [TensorType] { [infer(inputs[0], inputs[1])] }
  public func evaluate(_ inputs: [Value]) -> [Value] { [evaluate(inputs[0], inputs[1])] }
  public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    guard let dz = cotangents[0] else { return [nil, nil] }
    func read(_ residuals: Residuals) -> (Tensor, Tensor, Tensor) {
      (
        residuals.contains(.input(0)) ? kept.input(0) : .notKept,
        residuals.contains(.input(1)) ? kept.input(1) : .notKept,
        residuals.contains(.output) ? kept.output() : .notKept
      )
    }
    var cotangents: [Tensor?] = [nil, nil]
    if kept.isNeeded[0] {
      let (x, y, z) = read(residualsForX)
      cotangents[0] = pullbackX(dz, x, y, z)
    }
    if kept.isNeeded[1] {
      let (x, y, z) = read(residualsForY)
      cotangents[1] = pullbackY(dz, x, y, z)
    }
    return cotangents
  }
  public func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    let (x, y, z) = (inputs[0], inputs[1], outputs[0])
    let fromX = tangents[0].flatMap { pushforwardX($0, x, y, z) }
    let fromY = tangents[1].flatMap { pushforwardY($0, x, y, z) }
    guard let fromX else { return [fromY] }
    guard let fromY else { return [fromX] }
    return [sum(fromX, fromY)]
  }
}
