import KobaiTensor

extension Tensor {
  /// The same value without its history: derivatives stop here, in reverse mode and in forward mode.
  ///
  ///     let x = Tensor(3.0, requiresGrad: true)
  ///     (x * x.detach()).backward()
  ///     x.grad                        // Optional(tensor(3.))
  public func detach() -> Tensor {
    let now = current
    // Without a transform there is nothing but the edge to leave behind.
    return now.value.tracer == nil ? now.withoutEdge : bind(Primitives.Detach(), now).withoutEdge
  }
}

extension Primitives {
  /// The identity with a derivative of zero.
  public struct Detach: UnaryPrimitive {
    public static let name = "detach"
    public init() {}
    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { x }
    public var residuals: Residuals { .none }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let detach = Operation(
    "detach", .movement, primitives: [Primitives.Detach.self],
    samples: [
      // Differences would see through it: what is detached is not differentiated.
      Sample(.uniform(), Sample.Input(.uniform(-2...2), [2, 3], isDifferentiated: false)) {
        $0[0] * $0[1].detach()
      },
      Sample(Sample.Input(.uniform(-2...2), [], isDifferentiated: false)) { $0[0].detach() },
    ])
}
