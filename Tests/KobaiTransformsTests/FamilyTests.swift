import Kobai
import KobaiTestSupport
import Testing

/// One operation of each family through everything that Kobai does with an operation. The law tests do
/// this for all; here it can be read.
@Suite struct FamilyTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let x: [Double]
    let shape: Shape
    /// To a number.
    let f: @Sendable (Tensor) -> Tensor
    /// The first and the second derivative along `direction`, by hand, at x.
    let gradient: @Sendable (Tensor) -> Tensor
    let curvature: @Sendable (Tensor, Tensor) -> Tensor
    var testDescription: String { name }
  }

  static let weights = Tensor([[1.0, -2.0], [0.5, 3.0]], dtype: .float64)

  static let examples = [
    Example(
      name: "elementwise: Σ exp(x)", x: [0.5, -1, 2], shape: [3], f: { $0.exp().sum() },
      gradient: { $0.exp() }, curvature: { $0.exp() * $1 }),
    Example(
      name: "linear: Σ broadcast(x)²", x: [0.5, -1, 2], shape: [3, 1],
      f: { ($0.broadcast(to: [3, 4]) ** 2).sum() },
      gradient: { 8 * $0 }, curvature: { 8 * $1 }),
    Example(
      name: "reduction: (Σ x)³", x: [0.5, -1, 2], shape: [3], f: { $0.sum() ** 3 },
      gradient: { (3 * $0.sum() ** 2).broadcast(to: [3]) },
      curvature: { (6 * $0.sum() * $1.sum()).broadcast(to: [3]) }),
    Example(
      name: "bilinear: Σ (xW)²", x: [0.5, -1, 2, 1.5], shape: [2, 2],
      f: { (bind(Primitives.MatrixProduct(), $0, weights) ** 2).sum() },
      gradient: { 2 * product(product($0, weights), weights.mT) },
      curvature: { 2 * product(product($1, weights), weights.mT) }),
    Example(
      name: "indexing: Σ where(x > 0, x³, x)", x: [0.5, -1, 2], shape: [3],
      f: { Tensor.where($0 > 0, $0 * $0 * $0, $0).sum() },
      gradient: { Tensor.where($0 > 0, 3 * $0 * $0, Tensor.ones(like: $0)) },
      curvature: { Tensor.where($0 > 0, 6 * $0 * $1, Tensor.zeros(like: $0)) }),
    Example(
      name: "composed: log Σ exp(x)", x: [0.5, -1, 2], shape: [3], f: { $0.exp().sum().log() },
      gradient: { $0.exp() / $0.exp().sum() },
      curvature: { x, v in
        let p = x.exp() / x.exp().sum()
        return p * v - p * (p * v).sum()
      }),
  ]

  static func product(_ a: Tensor, _ b: Tensor) -> Tensor { bind(Primitives.MatrixProduct(), a, b) }

  private func expectClose(_ a: Tensor, _ b: Tensor) {
    let found = difference(a.detach(), b.detach(), Tolerance(relative: 1e-12, absolute: 1e-12))
    #expect(found == nil)
  }

  @Test(arguments: examples) func everyTransform(_ example: Example) {
    let x = Tensor(example.x, shape: example.shape, dtype: .float64)
    var random = RandomSource(seed: 5)
    let v = random.direction(like: x)
    let value = example.f(x)

    // Reverse mode, and its own derivative by reverse mode.
    let leaf = x.asState(requiresGrad: true)
    let slope = Tensor.gradients(of: example.f(leaf), wrt: leaf, createGraph: true)
    expectClose(slope, example.gradient(x))
    let curvature = Tensor.gradients(of: slope, wrt: leaf, gradient: v)
    expectClose(curvature, example.curvature(x, v))

    // Forward mode, and forward over reverse.
    let tangent = jvp({ [example.f($0[0])] }, [x], [v])
    expectClose(tangent.outputs[0], value)
    expectClose(tangent.tangents[0], (example.gradient(x) * v).sum())
    let gradient: ([Tensor]) -> [Tensor] = { inputs in
      let leaf = inputs[0].asState(requiresGrad: true)
      return [Tensor.gradients(of: example.f(leaf), wrt: leaf, createGraph: true)]
    }
    expectClose(jvp(gradient, [x], [v]).tangents[0], example.curvature(x, v))

    // Batching, of the function and of its gradient.
    let batch = stacked([x, 2 * x, -x])
    expectClose(
      vmap { [example.f($0[0])] }([batch])[0],
      stacked([x, 2 * x, -x].map { example.f($0) }))
    expectClose(
      vmap(gradient)([batch])[0], stacked([x, 2 * x, -x].map { example.gradient($0) }))

    // Per-example curvature: forward over reverse inside of vmap.
    let curvatures = vmap { [jvp(gradient, [$0[0]], [v]).tangents[0]] }([batch])[0]
    expectClose(curvatures, stacked([x, 2 * x, -x].map { example.curvature($0, v) }))

    // Tracing gives the same bits, of values and of gradients.
    let graph = makeGraph({ [example.f($0[0])] }, [x.type])
    #expect(graph([x])[0].bytes == value.bytes)
    let gradientGraph = makeGraph(gradient, [x.type])
    #expect(gradientGraph([x])[0].bytes == gradient([x])[0].bytes)
  }

  private func stacked(_ slices: [Tensor]) -> Tensor {
    Tensor(
      bytes: slices.flatMap(\.bytes), dtype: slices[0].dtype,
      shape: [slices.count] + slices[0].shape)
  }
}
