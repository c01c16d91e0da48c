import Kobai
import KobaiTestSupport
import Testing

/// モデルベース深層学習と深層展開 in the functional style of its JAX edition: parameters go in, new parameters
/// come out. Each program runs as it is written and compiled, with the same bits.
@Suite(.ownGenerator) struct FunctionalUnfoldingTests {
  private struct Training: Tree {
    var parameters: [Tensor]
    var state: [Tensor]
  }

  /// Chapter 1: (x₁ + x₂) x₁² at (1, 2), as Zygote differentiates it.
  @Test func gradientOfAPolynomial() {
    let f = { (x: Tensor) -> Tensor in (x[0] + x[1]) * x[0] ** 2 }
    let at = Tensor([1.0, 2.0], dtype: .float64)
    #expect(grad(f)(at).array(as: Double.self) == [7, 1])
    #expect(jit { (x: Tensor) -> Tensor in grad(f)(x) }(at).array(as: Double.self) == [7, 1])
    #expect(hessian(f)(at).array(as: Double.self) == [10, 2, 2, 0])
  }

  /// Chapter 2: y = p₁ e^(−p₂ x) + p₃, Adam at 0.4, one step for each sample in order, 10 epochs.
  @Test(arguments: [false, true]) func nonlinearRegression(_ isCompiled: Bool) throws {
    let rows = try csv("du_regression.csv", skip: 1).map { $0.compactMap(Double.init) }
    let optimizer = adam(0.4)
    func loss(_ p: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
      (p[0] * (-p[1] * x).exp() + p[2] - y) ** 2
    }
    func step(_ training: Training, _ x: Tensor, _ y: Tensor) -> Training {
      let slopes = grad { (p: [Tensor]) -> Tensor in loss(p, x, y) }(training.parameters)
      let (updates, state) = optimizer.update(slopes, training.state, training.parameters)
      return Training(parameters: applyUpdates(training.parameters, updates), state: state)
    }
    let compiled = jit(step)
    let ones = (0..<3).map { _ in Tensor(1.0, dtype: .float64) }
    var training = Training(parameters: ones, state: optimizer.initialize(ones))
    for _ in 0..<10 {
      for row in rows {
        let (x, y) = (Tensor(row[0], dtype: .float64), Tensor(row[1], dtype: .float64))
        training = isCompiled ? compiled(training, x, y) : step(training, x, y)
      }
    }
    #expect(
      training.parameters.map { printed($0.item(), 5) } == ["4.77130", "2.41963", "2.05220"])
    if isCompiled { #expect(compiled.traceCount == 1) }
  }

  /// An epoch as one `scan` over the samples.
  @Test func anEpochAsALoop() throws {
    let rows = try csv("du_regression.csv", skip: 1).map { $0.compactMap(Double.init) }
    let samples = Tensor(rows.flatMap { $0 }, shape: [rows.count, 2], dtype: .float64)
    let optimizer = adam(0.4)
    let epoch = jit { (training: Training, samples: Tensor) -> Training in
      scan(
        { (training: Training, row: Tensor) -> (Training, Tensor) in
          let (value, slopes) = valueAndGrad { (p: [Tensor]) -> Tensor in
            (p[0] * (-p[1] * row[0]).exp() + p[2] - row[1]) ** 2
          }(training.parameters)
          let (updates, state) = optimizer.update(slopes, training.state, training.parameters)
          let parameters = applyUpdates(training.parameters, updates)
          return (Training(parameters: parameters, state: state), value)
        }, training, samples
      ).0
    }
    let ones = (0..<3).map { _ in Tensor(1.0, dtype: .float64) }
    var training = Training(parameters: ones, state: optimizer.initialize(ones))
    for _ in 0..<10 { training = epoch(training, samples) }
    #expect(
      training.parameters.map { printed($0.item(), 5) } == ["4.77130", "2.41963", "2.05220"])
  }

  /// Chapter 4: sparse signals from fewer measurements. ISTA's rounds are layers of a network; its step sizes
  /// and thresholds are learnt, one layer more at a time.
  private struct Unfolded {
    static let (measurements, size, depth) = (32, 48, 8)
    let matrix: Tensor

    init() {
      manualSeed(1)
      let scale = Double(Self.measurements).squareRoot()
      matrix = Tensor.randn([Self.measurements, Self.size], dtype: .float64) / scale
    }

    func signals(_ count: Int) -> (x: Tensor, y: Tensor) {
      let values = Tensor.randn([count, Self.size], dtype: .float64)
      let x = values * Tensor.rand([count, Self.size]).lt(0.06).to(.float64)
      let noise = Tensor.randn([count, Self.measurements], dtype: .float64)
      return (x, x.matmul(matrix.t()) + 0.01 * noise)
    }

    func layer(_ x: Tensor, _ y: Tensor, _ step: Tensor, _ threshold: Tensor) -> Tensor {
      let r = x + step * (y - x.matmul(matrix.t())).matmul(matrix)
      return r.sign() * (r.abs() - threshold).relu()
    }

    /// Step sizes and thresholds in the rows of `p`, [2, depth].
    func loss(_ p: Tensor, _ x: Tensor, _ y: Tensor, depth: Int) -> Tensor {
      var estimate = Tensor.zeros(like: x)
      for k in 0..<depth { estimate = layer(estimate, y, p[0, k], p[1, k]) }
      return ((estimate - x) ** 2).mean()
    }

    /// The same with the layers as a loop of the graph.
    func scanned(_ p: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
      let (estimate, _) = scan(
        { (estimate: Tensor, p: Tensor) -> (Tensor, Tensor) in
          let next = layer(estimate, y, p[0], p[1])
          return (next, next)
        }, Tensor.zeros(like: x), p.t())
      return ((estimate - x) ** 2).mean()
    }
  }

  private func trained(_ network: Unfolded, isCompiled: Bool) -> (before: Tensor, after: Tensor) {
    let optimizer = adam(0.02)
    let start = Tensor.full([2, Unfolded.depth], 0.1, dtype: .float64)
    var training = Training(parameters: [start], state: optimizer.initialize([start]))
    for depth in 1...Unfolded.depth {
      func step(_ training: Training, _ x: Tensor, _ y: Tensor) -> Training {
        let slopes = grad { (p: [Tensor]) -> Tensor in network.loss(p[0], x, y, depth: depth) }(
          training.parameters)
        let (updates, state) = optimizer.update(slopes, training.state, training.parameters)
        return Training(parameters: applyUpdates(training.parameters, updates), state: state)
      }
      let compiled = jit(step)
      for _ in 0..<100 {
        let (x, y) = network.signals(40)
        training = isCompiled ? compiled(training, x, y) : step(training, x, y)
      }
    }
    return (start, training.parameters[0])
  }

  @Test func learntShrinkage() {
    let network = Unfolded()
    manualSeed(2)
    let (start, eager) = trained(network, isCompiled: false)
    manualSeed(2)
    let compiled = trained(network, isCompiled: true).after
    #expect(difference(compiled, eager) == nil)
    let (x, y) = network.signals(500)
    let before = network.loss(start, x, y, depth: Unfolded.depth).item()
    let after = network.loss(eager, x, y, depth: Unfolded.depth).item()
    #expect(after < before / 10, "\(before) → \(after)")
  }

  /// Layers in a Swift loop, in a `scan`, and example by example under `vmap` have one gradient.
  @Test func waysToWriteIt() {
    let network = Unfolded()
    let (x, y) = network.signals(8)
    let p = Tensor.full([2, Unfolded.depth], 0.1, dtype: .float64)
    let near = Tolerance(relative: 1e-11, absolute: 1e-15)
    let unrolled = grad { (p: Tensor) -> Tensor in
      network.loss(p, x, y, depth: Unfolded.depth)
    }
    let looped = grad { (p: Tensor) -> Tensor in network.scanned(p, x, y) }
    let single = grad { (p: Tensor, x: Tensor, y: Tensor) -> Tensor in
      network.loss(p, x.unsqueeze(0), y.unsqueeze(0), depth: Unfolded.depth)
    }
    let examples = vmap(single, inAxes: [nil, 0, 0])
    let expected = unrolled(p)
    #expect(difference(looped(p), expected, near) == nil)
    #expect(difference(jit { (p: Tensor) -> Tensor in looped(p) }(p), expected, near) == nil)
    #expect(difference(examples(p, x, y).mean(dim: 0), expected, near) == nil)
    let h = 1e-5
    let direction = Tensor.ones(like: p)
    let slope =
      (network.loss(p + h * direction, x, y, depth: Unfolded.depth)
        - network.loss(p - h * direction, x, y, depth: Unfolded.depth)) / (2 * h)
    #expect(difference(expected.sum(), slope, Tolerance(relative: 1e-6)) == nil)
  }
}
