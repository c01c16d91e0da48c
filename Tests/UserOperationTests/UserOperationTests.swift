import Kobai
import Testing

// What a user declares in a module of their own, with nothing but what Kobai makes public.

/// x · sigmoid(βx), by an expression of elements.
private struct Swish: UnaryElementwise {
  static let name = "swish"
  static let body = Program.unary { x in x * .sigmoid(1.5 * x) }
  var program: Program { Self.body }
  var residuals: Residuals { .input }
  func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
    let s = 1 / (1 + (-1.5 * x).exp())
    return s + 1.5 * x * s * (1 - s)
  }
}

/// x² y, all rules by hand.
private struct SquareTimes: Primitive {
  static let name = "squareTimes"
  func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }
  func evaluate(_ inputs: [Value]) -> [Value] {
    let (x, y) = (Tensor(inputs[0]), Tensor(inputs[1]))
    let result = zip(x.array(as: Double.self), y.array(as: Double.self)).map { $0 * $0 * $1 }
    return [Tensor(result, shape: x.shape, dtype: x.dtype).value]
  }
  var residuals: Residuals { .inputs }
  func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    guard let dz = cotangents[0] else { return [nil, nil] }
    let (x, y) = (kept.input(0), kept.input(1))
    return [2 * x * y * dz, x * x * dz]
  }
  func pushforward(_ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] {
    let (x, y) = (inputs[0], inputs[1])
    let fromX = tangents[0].map { 2 * x * y * $0 }
    let fromY = tangents[1].map { x * x * $0 }
    guard let fromX else { return [fromY] }
    return [fromY.map { fromX + $0 } ?? fromX]
  }
  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    bind(self, zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) })
  }
}

/// The sum of all elements times a number: linear, its transpose a fill.
private struct ScaledTotal: LinearOperation {
  static let name = "scaledTotal"
  let scale: Double
  let source: Shape
  func infer(_ x: TensorType) -> TensorType {
    TensorType(x.dtype, Array(x.shape.prefix(x.shape.count - source.count)))
  }
  func evaluate(_ x: Value) -> Value {
    let leading = Array(x.shape.prefix(x.shape.count - source.count))
    let width = source.reduce(1, *)
    let elements = Tensor(x).array(as: Double.self)
    let totals = (0..<leading.reduce(1, *)).map { i in
      elements[(i * width)..<((i + 1) * width)].reduce(0, +) * scale
    }
    return Tensor(totals, shape: leading, dtype: x.dtype).value
  }
  func transpose(_ dy: Tensor) -> Tensor {
    let leading = dy.shape
    return (dy * scale).reshape(leading + source.map { _ in 1 }).broadcast(to: leading + source)
  }
  func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
}

@Suite struct UserOperationTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// With the user's primitive, and with Kobai's own operations only.
    let mine: @Sendable (Tensor) -> Tensor
    let reference: @Sendable (Tensor) -> Tensor
  }

  static let y = Tensor([0.5, -2.0, 1.0], dtype: .float64)

  static let examples = [
    Example(
      testDescription: "swish", mine: { bind(Swish(), $0).sum() },
      reference: { ($0 / (1 + (-1.5 * $0).exp())).sum() }),
    Example(
      testDescription: "squareTimes", mine: { bind(SquareTimes(), [$0, $0.exp()])[0].sum() },
      reference: { ($0 * $0 * $0.exp()).sum() }),
    Example(
      testDescription: "squareTimes with a constant",
      mine: { bind(SquareTimes(), [$0, y])[0].sum() }, reference: { ($0 * $0 * y).sum() }),
    Example(
      testDescription: "scaledTotal", mine: { bind(ScaledTotal(scale: 3, source: [3]), $0.exp()) },
      reference: { 3 * $0.exp().sum() }),
  ]

  private func expectClose(_ a: Tensor, _ b: Tensor) {
    #expect(a.shape == b.shape)
    for (p, q) in zip(a.array(as: Double.self), b.array(as: Double.self)) {
      #expect(abs(p - q) <= 1e-12 * max(1, abs(q)))
    }
  }

  private func gradient(_ f: @escaping (Tensor) -> Tensor) -> ([Tensor]) -> [Tensor] {
    { inputs in
      let x = inputs[0].asState(requiresGrad: true)
      return [Tensor.gradients(of: f(x), wrt: x, createGraph: true)]
    }
  }

  @Test(arguments: examples) func everyTransform(_ example: Example) {
    let functions: [(Tensor) -> Tensor] = [example.mine, example.reference]
    let (mine, reference) = (functions[0], functions[1])
    let x = Tensor([0.3, -1.2, 2.0], dtype: .float64)
    let v = Tensor([1.0, -0.5, 0.25], dtype: .float64)
    let batch = Tensor([[0.3, -1.2, 2.0], [1.0, 0.1, -0.4]], dtype: .float64)

    expectClose(mine(x), reference(x))
    expectClose(gradient(mine)([x])[0], gradient(reference)([x])[0])

    // Second order, reverse over reverse and forward over reverse.
    let leaf = x.asState(requiresGrad: true)
    let slopes = functions.map { f in
      Tensor.gradients(
        of: Tensor.gradients(of: f(leaf), wrt: leaf, createGraph: true), wrt: leaf, gradient: v)
    }
    expectClose(slopes[0], slopes[1])
    let forward = functions.map { jvp(gradient($0), [x], [v]).tangents[0] }
    expectClose(forward[0], slopes[1])
    expectClose(forward[1], slopes[1])

    let tangents = functions.map { f in jvp({ [f($0[0])] }, [x], [v]).tangents[0] }
    expectClose(tangents[0], tangents[1])

    let batched = functions.map { f in vmap { [f($0[0])] }([batch])[0] }
    expectClose(batched[0], batched[1])
    let perExample = functions.map { f in vmap(gradient(f))([batch])[0] }
    expectClose(perExample[0], perExample[1])

    let graph = makeGraph({ [mine($0[0])] }, [x.type])
    expectClose(graph([x])[0], mine(x))
    expectClose(makeGraph(gradient(mine), [x.type])([x])[0], gradient(reference)([x])[0])
  }

  @Test func namesAppearInGraphs() {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    #expect(bind(Swish(), x).gradFn?.name == "SwishBackward0")
    let graph = makeGraph({ [bind(Swish(), $0[0])] }, [x.type])
    #expect("\(graph)".contains("= swish %0"))
  }

  private struct NoDerivative: Primitive {
    static let name = "noDerivative"
    func infer(_ inputs: [TensorType]) -> [TensorType] { inputs }
    func evaluate(_ inputs: [Value]) -> [Value] { inputs }
    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] { bind(self, inputs) }
  }

  @Test func aMissingRuleIsNamed() {
    let x = Tensor(1.0, requiresGrad: true)
    #expect {
      try recovering { bind(NoDerivative(), [x])[0].backward() }
    } throws: {
      "\($0)".contains("noDerivative: has no derivative")
        && "\($0)".contains("declare pullback in NoDerivative")
    }
  }

  private struct Undeclared: UnaryElementwise {
    static let name = "undeclared"
    var program: Program { .unary(.square) }
    var residuals: Residuals { .none }
    func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 2 * x }
  }

  @Test func readingAnUndeclaredValueIsAMisuse() {
    let x = Tensor(1.0, requiresGrad: true)
    #expect {
      try recovering { bind(Undeclared(), x).backward() }
    } throws: {
      "\($0)".contains("reads a value that its residuals do not declare")
    }
  }
}
