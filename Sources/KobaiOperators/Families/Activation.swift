import KobaiTensor

/// A unary elementwise operation whose derivative would take several operations: its pullback is one pass.
///
/// Beside what `UnaryElementwise` asks for, the author states that pass and the second derivative, from
/// which higher derivatives follow.
public protocol Activation: UnaryElementwise {
  /// dy · f′ from dy and the kept value: x, or y where `residuals` is `.output`.
  var slope: Program { get }
  /// The derivative of f′ with respect to the kept value.
  func curvature(_ kept: Tensor) -> Tensor
}

extension Activation {
  @inlinable
  public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    slopePullback(dy, residuals.contains(.output) ? y : x)
  }

  /// dy · f′ in one pass from the kept value.
  @inlinable
  func slopePullback(_ dy: Tensor, _ kept: Tensor) -> Tensor {
    // The program has no conjugation.
    if dy.dtype.isComplex { return dy * derivative(kept, kept).conjugatedIfComplex }
    return Tensor.elementwise(Primitives.Slope(self), dy, kept)
  }
}

extension Primitives {
  /// dy · f′ of an activation, as a function of dy and of the kept value.
  public struct Slope<A: Activation>: BinaryElementwise {
    public static var name: String { A.name + "Slope" }
    public static var gradientName: String { A.gradientName + "Backward" }
    @usableFromInline let activation: A
    @inlinable public init(_ activation: A) { self.activation = activation }
    @inlinable public var program: Program { activation.slope }
    @inlinable public var residualsForX: Residuals { .input(1) }
    @inlinable public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ dy: Tensor, _ kept: Tensor, _ z: Tensor) -> Tensor {
      activation.derivative(kept, kept)
    }
    public func derivativeY(_ dy: Tensor, _ kept: Tensor, _ z: Tensor) -> Tensor {
      dy * activation.curvature(kept)
    }
  }
}
