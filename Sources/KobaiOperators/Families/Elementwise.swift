import CKernels
import KobaiTensor

/// One result element from one input element.
///
/// The author states the program and the derivative; shape, dtype, kernels, both differentiation modes,
/// batching and fusion follow.
public protocol UnaryElementwise: UnaryPrimitive {
  /// What is computed from each element.
  var program: Program { get }
  /// dy/dx at each element. `residuals` says which of x and y it may read.
  func derivative(_ x: Tensor, _ y: Tensor) -> Tensor
}

extension UnaryElementwise {
  public func infer(_ x: TensorType) -> TensorType {
    TensorType(program.isPredicate ? .bool : x.dtype, x.shape)
  }

  @inlinable
  public func evaluate(_ x: Value) -> Value { ElementwiseEvaluation.unary(program, x) }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    ElementwiseEvaluation.prepare(program, inputs, to: outputs[0])
  }

  /// dx = dy · f′(x), conjugated for complex numbers (PyTorch's convention).
  @inlinable
  public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    dy * derivative(x, y).conjugatedIfComplex
  }

  @inlinable
  public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    dx * derivative(x, y)
  }

  @inlinable
  public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
}

/// One result element from one element of each of two inputs of equal dtype and shape. A rank-0 input
/// that is not differentiated stands for all elements.
public protocol BinaryElementwise: BinaryPrimitive {
  /// What is computed from each pair of elements.
  var program: Program { get }
  /// ∂z/∂x and ∂z/∂y at each pair. `residualsForX`, `residualsForY` say what each may read.
  func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor
  func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor
  /// How the operation treats the dtypes it is given.
  static var promotion: Promotion { get }
  static var staticName: StaticString { get }
}

extension BinaryElementwise {
  @inlinable public static var promotion: Promotion { .standard }
  @inlinable public static var staticName: StaticString { "elementwise" }

  public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
    TensorType(program.isPredicate ? .bool : x.dtype, x.shape.isEmpty ? y.shape : x.shape)
  }

  @inlinable
  public func evaluate(_ x: Value, _ y: Value) -> Value {
    ElementwiseEvaluation.binary(program, x, y, Self.staticName)
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    ElementwiseEvaluation.prepare(program, inputs, to: outputs[0])
  }

  @inlinable
  public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    dz * derivativeX(x, y, z).conjugatedIfComplex
  }
  @inlinable
  public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    dz * derivativeY(x, y, z).conjugatedIfComplex
  }
  @inlinable
  public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    dx * derivativeX(x, y, z)
  }
  @inlinable
  public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    dy * derivativeY(x, y, z)
  }
  @inlinable
  public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }

  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let aligned = alignForBatching(inputs, isBatched: isBatched, size: size)
    return [bind(self, aligned[0], aligned[1])]
  }
}

/// Gives inputs of an elementwise operation one rank when some have a batch dimension in front: the
/// others repeat over it. A rank-0 input without it stays if it stands for all elements: not if it is
/// differentiated below the batching, where its cotangents are summed.
package func alignForBatching(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
  let shapes = zip(inputs, isBatched).map { Array($0.shape.dropFirst($1 ? 1 : 0)) }
  let shape = [size] + (shapes.max { $0.count < $1.count } ?? [])
  return zip(inputs, isBatched).map { input, batched in
    if !batched {
      return input.rank == 0 && input.isUniform ? input : input.broadcast(to: shape)
    }
    let missing = shape.count - input.rank
    if missing == 0 { return input }
    return input.reshape([size] + Array(repeating: 1, count: missing) + input.shape.dropFirst())
      .broadcast(to: shape)
  }
}

/// An elementwise operation that is bool, or constant between jumps: it has no derivative to speak of.
public protocol PiecewiseConstant: UnaryElementwise {}

extension PiecewiseConstant {
  @inlinable public var residuals: Residuals { .none }
  public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 0 }
  @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    Tensor.zeros(like: dy)
  }
  @inlinable public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
}

/// A comparison or logical operation: bool, never differentiated.
public protocol BinaryPredicate: BinaryElementwise {}

extension BinaryPredicate {
  @inlinable public var residualsForX: Residuals { .none }
  @inlinable public var residualsForY: Residuals { .none }
  public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 0 }
  public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 0 }
  @inlinable public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    nil
  }
  @inlinable public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    nil
  }
  @inlinable public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
    -> Tensor?
  { nil }
  @inlinable public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
    -> Tensor?
  { nil }
}

/// An elementwise operation of two inputs that is constant between jumps: its derivative is zero.
public protocol BinaryPiecewiseConstant: BinaryElementwise {}

extension BinaryPiecewiseConstant {
  @inlinable public var residualsForX: Residuals { .none }
  @inlinable public var residualsForY: Residuals { .none }
  public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 0 }
  public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 0 }
  public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    Tensor.zeros(like: dz)
  }
  public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    Tensor.zeros(like: dz)
  }
  public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
  public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
}
