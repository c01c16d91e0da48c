import Kobai
import KobaiTestSupport
import Testing

/// Batch normalisation with the ReLU that follows it, compiled against eager, bit for bit.
@Suite(.ownGenerator) struct RectifiedNormalizationTests {
  private enum Parameters: CaseIterable { case both, weight, bias, none }

  /// What one layer normalises with.
  private struct Norm {
    let weight, bias: Tensor?
    let mean, variance: Tensor

    init(_ channels: Int, _ dtype: DType, _ parameters: Parameters) {
      // Weights of zero and biases of both zeros make the input of ReLU zeros of both signs.
      let weights = Tensor((0..<channels).map { $0 % 3 == 1 ? 0 : Double($0 % 5) - 1.5 })
      let biases = Tensor((0..<channels).map { $0 % 6 == 1 ? -0.0 : $0 % 3 == 1 ? 0 : 0.25 })
      let (hasWeight, hasBias) = (
        parameters == .both || parameters == .weight, parameters == .both || parameters == .bias
      )
      weight = hasWeight ? weights.to(dtype).asState(requiresGrad: true) : nil
      bias = hasBias ? biases.to(dtype).asState(requiresGrad: true) : nil
      mean = Tensor.zeros([channels], dtype: dtype).asState(requiresGrad: false)
      variance = Tensor.ones([channels], dtype: dtype).asState(requiresGrad: false)
    }

    func callAsFunction(_ x: Tensor, training: Bool = true) -> Tensor {
      x.batchNorm(
        runningMean: mean, runningVar: variance, weight: weight, bias: bias, training: training)
    }
    var leaves: [Tensor] { [weight, bias].compactMap { $0 } }
    var state: [Tensor] { leaves + leaves.compactMap(\.grad) + [mean, variance] }
  }

  private struct Outcome {
    var bytes: [[UInt8]] = []
    var names: [String] = []
    func count(_ name: String) -> Int { names.count { $0 == name } }
  }

  /// Some training steps of a function of two normalisations, a leaf and x.
  private func train(
    _ x: Tensor, _ parameters: Parameters, compiled: Bool,
    _ body: @escaping (Tensor, Tensor, [Norm]) -> [Tensor]
  ) -> Outcome {
    let norms = (0..<2).map { _ in Norm(x.shape[1], x.dtype, parameters) }
    let leaf = (Tensor.ones(x.shape, dtype: x.dtype) * 0.75).asState(requiresGrad: true)
    func step(_ x: Tensor) -> [Tensor] {
      leaf.grad = nil
      for parameter in norms.flatMap(\.leaves) { parameter.grad = nil }
      let results = body(x, leaf, norms)
      (results[0] * results[0]).sum().backward()
      return results.map { $0.detach() }
    }
    let jitted = jit { (x: Tensor) in step(x) }
    var outcome = Outcome()
    for _ in 0..<3 {
      let results = compiled ? jitted(x) : step(x)
      let state = [leaf.grad!] + norms.flatMap(\.state)
      outcome.bytes += (results + state).map { $0.detach().bytes }
    }
    if compiled { outcome.names = jitted.inspect(x).graph.steps.map(\.name) }
    return outcome
  }

  /// The compiled steps' operations, behind the comparison with eager ones.
  @discardableResult private func compare(
    _ x: Tensor, _ parameters: Parameters = .both, _ comment: Comment? = nil,
    _ body: @escaping (Tensor, Tensor, [Norm]) -> [Tensor]
  ) -> Outcome {
    let eager = train(x, parameters, compiled: false, body)
    let compiled = train(x, parameters, compiled: true, body)
    #expect(eager.bytes == compiled.bytes, comment)
    return compiled
  }

  private static func block(_ x: Tensor, _ leaf: Tensor, _ norms: [Norm]) -> [Tensor] {
    let h = norms[0](x * leaf).relu()
    return [(norms[1](h * leaf) + x).relu()]
  }

  /// Vectors, few channels, runs of whole vectors and ragged ones.
  private static let shapes: [Shape] = [
    [9, 5], [33, 20], [4, 3, 11], [2, 9, 16], [3, 10, 7, 5], [2, 16, 8, 8], [2, 32, 9, 9],
  ]

  @Test(arguments: [DType.float32, .float64, .bfloat16]) func residualBlocks(_ dtype: DType) {
    for shape in Self.shapes {
      let x = Tensor.randn(shape, dtype: dtype)
      for parameters in Parameters.allCases {
        let found = compare(x, parameters, "\(shape), \(parameters)", Self.block)
        if dtype == .bfloat16 { continue }
        #expect(found.count("channelStatistics") == 2)
        #expect(found.count("rectifiedNormalization") == 2)
        #expect(found.count("rectifiedNormalizationGradient") == 1)
        #expect(found.count("normalizationGradient") == 1)
        #expect(found.count("normalization") == 0 && found.count("relu") == 0)
      }
    }
  }

  @Test func halvesWithWideParameters() {
    let x = Tensor.randn([3, 9, 6, 6], dtype: .bfloat16)
    let norm = Norm(9, .float32, .both)
    let f = jit { (x: Tensor) in norm(x).relu() }
    for _ in 0..<3 { #expect(f(x).bytes == norm(x).relu().bytes) }
  }

  /// Not a number and infinities, which make all of their channel so; the other channels have zeros.
  @Test(arguments: [DType.float32, .float64]) func specialValues(_ dtype: DType) {
    for shape in Self.shapes {
      var elements = Tensor.randn(shape, dtype: .float64).array(as: Double.self)
      let inner = shape.dropFirst(2).reduce(1, *)
      elements[0] = .nan
      elements[2 * inner] = .infinity
      let x = Tensor(elements).reshape(shape).to(dtype)
      compare(x, .both, "\(shape)", Self.block)
      compare(x, .none, "\(shape)", Self.block)
      compare(Tensor.zeros(shape, dtype: dtype), .both, "\(shape)", Self.block)
      compare(-Tensor.zeros(shape, dtype: dtype), .none, "\(shape)", Self.block)
    }
  }

  @Test func resultsThatAreReadTwice() {
    let x = Tensor.randn([3, 9, 4, 5])
    let rectified = compare(x) { x, leaf, norms in
      let h = norms[0](x * leaf).relu()
      return [h * leaf + norms[1](h), h]
    }
    #expect(rectified.count("rectifiedNormalization") == 1)
    #expect(rectified.count("rectifiedNormalizationGradient") == 1)
    let normalized = compare(x) { x, leaf, norms in
      let y = norms[0](x * leaf)
      return [y.relu() * y * leaf]
    }
    #expect(normalized.count("rectifiedNormalization") == 0)
    let sum = compare(x) { x, leaf, norms in
      let sum = norms[0](x * leaf) + x
      return [sum.relu() + sum]
    }
    #expect(sum.count("rectifiedNormalization") == 0)
    let itself = compare(x) { x, leaf, norms in
      let y = norms[0](x * leaf)
      return [(y + y).relu()]
    }
    #expect(itself.count("rectifiedNormalization") == 0)
    // Its gradient is more than that of ReLU.
    let twice = compare(x) { x, leaf, norms in
      let h = norms[0](x * leaf).relu()
      return [h * leaf, h.relu()]
    }
    #expect(twice.count("rectifiedNormalization") == 1)
  }

  @Test func shortcuts() {
    let x = Tensor.randn([3, 9, 4, 5])
    let first = compare(x) { x, leaf, norms in [(x + norms[0](x * leaf)).relu()] }
    #expect(first.count("rectifiedNormalization") == 1)
    // One of them takes the sum.
    let both = compare(x) { x, leaf, norms in [(norms[0](x * leaf) + norms[1](x)).relu()] }
    #expect(both.count("rectifiedNormalization") == 1 && both.count("normalization") == 1)
    let broadcast = compare(x) { x, leaf, norms in [(norms[0](x * leaf) + leaf[0, 0]).relu()] }
    #expect(broadcast.count("rectifiedNormalization") == 0)
    let permuted = compare(x) { x, leaf, norms in
      let shortcut = leaf.transpose(2, 3).exp().transpose(2, 3)
      return [(norms[0](x * leaf) + shortcut).relu()]
    }
    #expect(permuted.count("rectifiedNormalization") == 1)
    let scalar = compare(x) { x, leaf, norms in [(norms[0](x * leaf) + 0.5).relu()] }
    #expect(scalar.count("rectifiedNormalization") == 0)
  }

  /// Gradients that do not lie in memory, or not in order.
  @Test func gradientsOfOtherLayouts() {
    let x = Tensor.randn([3, 9, 4, 5])
    compare(x) { x, leaf, norms in
      [norms[0](x * leaf).relu().transpose(1, 3).exp().sum(dims: [0, 2])]
    }
    compare(x) { x, leaf, norms in [norms[0](x * leaf).relu().sum(dims: [2, 3])] }
    compare(x) { x, leaf, norms in [norms[0](x * leaf).relu().reshape([27, 20])] }
    compare(x) { x, leaf, norms in [norms[0](x * leaf).reshape([27, 20]).relu()] }
    compare(x) { x, leaf, norms in [norms[0](x * leaf).relu().detach() * leaf] }
  }

  @Test func evaluationIsLeftAlone() {
    let norm = Norm(9, .float32, .both)
    let x = Tensor.randn([3, 9, 4, 5])
    let f = jit { (x: Tensor) in norm(x, training: false).relu() }
    for _ in 0..<3 { #expect(f(x).bytes == norm(x, training: false).relu().bytes) }
    #expect(!f.inspect(x).graph.steps.contains { $0.name == "rectifiedNormalization" })
  }

  /// Derivatives of a compiled function are those of its trace.
  @Test func derivativesFromOutside() {
    let (weight, bias) = (Tensor.rand([9]) - 0.5, Tensor.rand([9]) - 0.5)
    func f(_ x: Tensor) -> Tensor {
      let y = x.batchNorm(weight: weight, bias: bias, training: true).relu()
      return ((y * 2).batchNorm(weight: weight, training: true) + x).relu().square().sum()
    }
    let x = Tensor.randn([3, 9, 4])
    let compiled = jit { (x: Tensor) in f(x) }
    for _ in 0..<3 { #expect(grad { compiled($0) }(x).bytes == grad(f)(x).bytes) }
    let inner = jit { (x: Tensor) in grad(f)(x) }
    for _ in 0..<3 { #expect(inner(x).bytes == grad(f)(x).bytes) }
    #expect(grad { grad { compiled($0) }($0).square().sum() }(x).isFinite().all().item() != 0)
    let xs = Tensor.randn([2, 3, 9, 4])
    #expect(vmap { compiled($0) }(xs).bytes == vmap(f)(xs).bytes)
  }

  @Test func groupsAreShown() {
    let norm = Norm(9, .float32, .both)
    let x = Tensor.randn([3, 9, 4, 5])
    let inspection = jit { (x: Tensor) in (norm(x) + x).relu() }.inspect(x)
    #expect(inspection.groups.contains(["normalization", "add", "relu"]))
    #expect(inspection.evaluated.isEmpty)
    let step = inspection.graph.steps.first { $0.name == "rectifiedNormalization" }
    #expect(step?.inputs.count == 6)
  }

  /// Rectified results of 1 MB, which the gradients of the next products read.
  @Test func resultsAreComputedAgain() {
    let (layers, width) = (6, 512)
    func run(_ compiled: Bool) -> (gradients: [[UInt8]], inspection: Inspection?) {
      let generator = Generator(seed: 3)
      let leaves = (0..<layers).map { _ in
        (Tensor.randn([width, width], generator: generator) * 0.05).asState(requiresGrad: true)
      }
      let norms = leaves.map { _ in Norm(width, .float32, .both) }
      func body(_ x: Tensor) -> Tensor {
        for leaf in leaves + norms.flatMap(\.leaves) { leaf.grad = nil }
        let y = zip(leaves, norms).reduce(x) { y, layer in layer.1(y.matmul(layer.0)).relu() }
        let loss = (y * y).sum()
        loss.backward()
        return loss.detach()
      }
      let step = jit { (x: Tensor) in body(x) }
      let x = Tensor.randn([512, width], generator: generator)
      for _ in 0..<3 { _ = compiled ? step(x) : body(x) }
      let gradients = (leaves + norms.flatMap(\.leaves)).map { $0.grad!.bytes }
      return (gradients, compiled ? step.inspect(x) : nil)
    }
    let (eager, compiled) = (run(false), run(true))
    #expect(eager.gradients == compiled.gradients)
    guard let inspection = compiled.inspection,
      let kept = inspection.stages.first(where: { $0.pass == "fuse" })?.graph
    else { return }
    let again = inspection.graph.steps.count { $0.name == "rectifiedNormalization" } - layers
    #expect(again >= 3)
    #expect(inspection.plannedBytes <= kept.plannedBytes - 3 * 4 * 512 * width)
  }
}
