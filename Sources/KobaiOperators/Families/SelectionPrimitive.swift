import KobaiTensor

/// What selects, or places, elements of x as y says: an operation that is linear in x, and whose y (positions,
/// indices, a mask) has no derivative. Its author writes the kernel and `pullbackX`, the transpose in x.
public protocol SelectionPrimitive: BinaryPrimitive {}

extension SelectionPrimitive {
  public var residualsForX: Residuals { .input(1) }
  public var residualsForY: Residuals { .none }

  public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
  public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    bind(self, dx, y)
  }
  public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
  public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }

  /// For operations that take any dimensions in front of those that they know.
  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    [bind(self, inputs[0].batched(isBatched[0], size), inputs[1].batched(isBatched[1], size))]
  }
}
