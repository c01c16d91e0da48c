import Kobai
import KobaiTestSupport
import Testing

/// The programs of JAX's autodiff cookbook, <https://docs.jax.dev/en/latest/notebooks/autodiff_cookbook.html>,
/// with weights of our own; their numbers were recorded from JAX 0.10.2 in float64.
@Suite struct AutodiffCookbookTests {
  private static func wide(_ rows: [[Double]]) -> Tensor { Tensor(rows, dtype: .float64) }
  private static func wide(_ row: [Double]) -> Tensor { Tensor(row, dtype: .float64) }
  private static let inputs = wide([
    [0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39],
  ])
  private static let targets = wide([1, 1, 0, 1])
  private let weight = wide([0.5, -0.3, 0.8])
  private let bias = Tensor(0.1, dtype: .float64)
  private let direction = wide([0.2, -0.7, 0.4])

  private func predict(_ weight: Tensor, _ bias: Tensor, _ inputs: Tensor) -> Tensor {
    (inputs.matmul(weight) + bias).sigmoid()
  }

  private func loss(_ weight: Tensor, _ bias: Tensor) -> Tensor {
    let p = predict(weight, bias, Self.inputs)
    return -(p * Self.targets + (1 - p) * (1 - Self.targets)).log().sum()
  }

  private func close(_ got: Tensor, _ expected: Tensor, _ relative: Double = 1e-13) -> Bool {
    difference(got, expected, Tolerance(relative: relative, absolute: 1e-14)) == nil
  }

  private let gradient = wide([-0.31187677487943866, 0.14811220963690516, -0.8619490106225016])
  private let biasGradient = Tensor(-0.37383905742701257, dtype: .float64)
  private let jacobianOfPredict = wide([
    [0.11754671054379157, 0.25317753040201263, 0.1740595521513837],
    [0.17429372494955234, -0.2139059351653597, 0.02970915766185551],
    [0.1153681798107654, 0.013311713055088315, -0.2884204495269135],
    [0.05984604126984317, -0.20137384157014798, 0.11241350995281352],
  ])

  @Test func derivativesOfTanh() {
    let first = grad { (x: Tensor) in x.tanh() }
    let at = Tensor(2.0, dtype: .float64)
    #expect(close(first(at), Tensor(0.07065082485316443, dtype: .float64)))
    #expect(close(grad(first)(at), Tensor(-0.13621868742711296, dtype: .float64)))
    #expect(close(grad(grad(first))(at), Tensor(0.25265406509806265, dtype: .float64)))
    #expect(grad(grad(grad(first)))(at).item().isFinite)
  }

  @Test func logisticRegression() {
    let (value, slope) = valueAndGrad { (w: Tensor) in loss(w, bias) }(weight)
    #expect(close(value, Tensor(1.2378740558935504, dtype: .float64)))
    #expect(close(slope, gradient))
    let both = grad({ (w: Tensor, b: Tensor) in loss(w, b) }, argnums: .all)(weight, bias)
    #expect(close(both.0, gradient) && close(both.1, biasGradient))
    let compiled = jit { (w: Tensor, b: Tensor) in
      grad({ (w: Tensor, b: Tensor) in loss(w, b) }, argnums: .all)(w, b)
    }
    for _ in 0..<2 {
      let again = compiled(weight, bias)
      #expect(difference(again.0, both.0) == nil && difference(again.1, both.1) == nil)
    }
  }

  @Test func parametersInAStructure() {
    let slopes = grad { (p: [String: Tensor]) in loss(p["W"] ?? .poison, p["b"] ?? .poison) }(
      ["W": weight, "b": bias])
    #expect(close(slopes["W"] ?? .poison, gradient) && close(slopes["b"] ?? .poison, biasGradient))
  }

  @Test func gradientsAgreeWithDifferences() {
    let step = 1e-4
    let unit = direction / (direction * direction).sum().sqrt()
    let numerical =
      (loss(weight + step / 2 * unit, bias) - loss(weight - step / 2 * unit, bias)) / step
    #expect(close((gradient * unit).sum(), numerical, 1e-8))
  }

  @Test(arguments: [DerivativeMode.forward, .reverse, .automatic])
  func jacobians(_ mode: DerivativeMode) {
    let f = { (w: Tensor) in predict(w, bias, Self.inputs) }
    #expect(close(jacobian(f, mode: mode)(weight), jacobianOfPredict))
    let blocks = jacobian(
      { (p: [String: Tensor]) in predict(p["W"] ?? .poison, p["b"] ?? .poison, Self.inputs) },
      mode: mode)(["W": weight, "b": bias])
    #expect(close(blocks["W"] ?? .poison, jacobianOfPredict))
    #expect(blocks["b"]?.shape == [4])
    let compiled = jit { (w: Tensor) in jacobian(f, mode: mode)(w) }
    #expect(difference(compiled(weight), jacobian(f, mode: mode)(weight)) == nil)
  }

  @Test func hessians() {
    let expected = Self.wide([
      [0.31878029147965964, -0.19867945910973353, 0.04986238947223938],
      [-0.19867945910973353, 1.0167968123218165, -0.13435405861937474],
      [0.04986238947223935, -0.1343540586193747, 0.6696835920252422],
    ])
    let f = { (w: Tensor) in loss(w, bias) }
    #expect(close(hessian(f)(weight), expected))
    for second in [jacfwd(jacfwd(f)), jacfwd(jacrev(f)), jacrev(jacfwd(f)), jacrev(jacrev(f))] {
      #expect(close(second(weight), expected))
    }
    // Of a vector: a matrix for each of its elements.
    let all = jacfwd(jacrev { (w: Tensor) in predict(w, bias, Self.inputs) })(weight)
    #expect(all.shape == [4, 3, 3])
    #expect(
      close(
        all[0],
        Self.wide([
          [-0.0189183906491227, -0.04074730293657197, -0.028013770768893234],
          [-0.04074730293657197, -0.08776342170953964, -0.06033735242530851],
          [-0.02801377076889323, -0.0603373524253085, -0.0414819297923996],
        ])))
  }

  @Test func pushingAndPulling() {
    let f = { (w: Tensor) in predict(w, bias, Self.inputs) }
    let (y, u) = jvp(f, weight, direction)
    #expect(difference(y, f(weight)) == nil)
    #expect(
      close(
        u,
        Self.wide([
          -0.08409110831209704, 0.19647656267040448, -0.10161274298717414, 0.1978963013341976,
        ])))
    let (value, pullback) = vjp(f, weight)
    #expect(difference(value, y) == nil)
    #expect(
      close(
        pullback(Self.wide([1, -2, 0.5, 3])),
        Self.wide([0.0061814743595991276, 0.08352373254983234, 0.30767154192265644]), 1e-12))
    // Of two arguments, and of a structure with one.
    let (_, both) = vjp({ (w: Tensor, b: Tensor) in loss(w, b) }, weight, bias)
    let slopes = both(Tensor(2.0, dtype: .float64))
    #expect(close(slopes.0, 2 * gradient) && close(slopes.1, 2 * biasGradient))
    let pushed = jvp(
      { (p: [Tensor], x: Tensor) in loss(p[0], p[1]) * x },
      ([weight, bias], Tensor(3.0, dtype: .float64)),
      ([direction, Tensor(1.0, dtype: .float64)], Tensor(0.5, dtype: .float64)))
    let expected = 3 * ((gradient * direction).sum() + biasGradient) + 0.5 * loss(weight, bias)
    #expect(close(pushed.tangent, expected))
  }

  @Test func vectorValuedGradients() {
    let (y, pullback) = vjp({ (x: Tensor) in 3 * x ** 2 }, Tensor.ones([2, 2]))
    #expect(pullback(Tensor.ones(like: y)).array(as: Double.self) == [6, 6, 6, 6])
  }

  @Test func hessianVectorProducts() {
    let f = { (x: Tensor) in (x.tanh() ** 2).sum() }
    var random = RandomSource(seed: 3)
    let (x, v) = (random.uniform(-1...1, [6, 5]), random.uniform(-1...1, [6, 5]))
    // d²/dx² tanh² = 2 (1 − t²)(1 − 3 t²), element by element.
    let t = x.tanh()
    let expected = 2 * (1 - t * t) * (1 - 3 * t * t) * v
    #expect(close(hvp(f, x, v), expected))
    #expect(close(jvp(grad(f), x, v).tangent, expected))  // forward over reverse
    #expect(close(grad { (x: Tensor) in jvp(f, x, v).tangent }(x), expected))
    #expect(close(grad { (x: Tensor) in (grad(f)(x) * v).sum() }(x), expected))
    #expect(close(vjp(grad(f), x).pullback(v), expected))
    let full = hessian(f)(x).reshape([30, 30]).matmul(v.reshape([30])).reshape([6, 5])
    #expect(close(full, expected))
    let product = hvp({ (w: Tensor) in loss(w, bias) }, weight, direction)
    #expect(
      close(
        product, Self.wide([0.22277663546164117, -0.8052352838949682, 0.371893755738107])))
  }

  @Test func matrixJacobianProducts() {
    let f = { (w: Tensor) in predict(w, bias, Self.inputs) }
    var random = RandomSource(seed: 4)
    let cotangents = random.uniform(-1...1, [10, 4])
    let (_, pullback) = vjp(f, weight)
    #expect(close(vmap(pullback)(cotangents), cotangents.matmul(jacobianOfPredict), 1e-12))
    let tangents = random.uniform(-1...1, [10, 3])
    let pushed = vmap { (t: Tensor) in jvp(f, weight, t).tangent }(tangents)
    #expect(close(pushed, tangents.matmul(jacobianOfPredict.t()), 1e-12))
    // The Jacobian by its own definition in both modes.
    let basis = Tensor.eye(3, dtype: .float64)
    let columns = vmap({ (t: Tensor) in jvp(f, weight, t).tangent }, outAxes: 1)(basis)
    #expect(close(columns, jacobianOfPredict))
    #expect(close(vmap(pullback)(Tensor.eye(4, dtype: .float64)), jacobianOfPredict))
  }

  @Test func perExampleGradients() {
    let one = { (w: Tensor, x: Tensor, y: Tensor) -> Tensor in
      let p = predict(w, bias, x)
      return -(p * y + (1 - p) * (1 - y)).log()
    }
    let expected = Self.wide([
      [-0.17952820048471402, -0.3866761241209225, -0.2658398353331342],
      [-0.23944695952343698, 0.29386672305149086, -0.04081482264604039],
      [0.17277301737190498, 0.01993534815829673, -0.43193254342976245],
      [-0.06567463224319263, 0.2209862625480401, -0.12336180921356453],
    ])
    let all = vmap(grad(one), inAxes: [nil, 0, 0])
    #expect(close(all(weight, Self.inputs, Self.targets), expected))
    #expect(close(all(weight, Self.inputs, Self.targets).sum(dim: 0), gradient))
    let compiled = jit { (w: Tensor, x: Tensor, y: Tensor) in all(w, x, y) }
    for _ in 0..<2 {
      #expect(close(compiled(weight, Self.inputs, Self.targets), expected))
    }
  }
}
