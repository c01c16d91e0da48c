import Kobai
import Testing

/// A compiled step that clears its gradients at its end uses each up at once, and gives the bits that it gives
/// eagerly.
@Suite struct UpdateMemoryTests {
  static let (width, depth, rows) = (192, 8, 16)
  /// Of one gradient of a weight.
  static let bytes = 4 * width * width

  enum Clearing: CaseIterable { case first, last, never }

  struct Run {
    var bits: [[UInt8]] = []
    var updates = 0
    /// The most that a step takes above what lives between two.
    var taken = 0
  }

  static func run(
    compiled: Bool, _ clearing: Clearing, clips: Bool = false,
    _ make: ([Tensor]) -> Optimizer
  ) -> Run {
    let generator = Generator(seed: 4)
    let weights = (0..<depth).map { _ in
      (0.1 * Tensor.randn([width, width], generator: generator)).asState(requiresGrad: true)
    }
    let biases = (0..<depth).map { _ in Tensor.zeros([width]).asState(requiresGrad: true) }
    let optimizer = make(weights + biases)
    let x = Tensor.randn([rows, width], generator: generator)
    func body(_ x: Tensor) -> Tensor {
      if clearing == .first { optimizer.zeroGrad() }
      var y = x
      for (w, b) in zip(weights, biases) { y = (y.matmul(w) + b).tanh() }
      let loss = (y * y).mean()
      loss.backward()
      if clips { clipGradNorm(weights + biases, maxNorm: 0.1) }
      optimizer.step()
      if clearing == .last { optimizer.zeroGrad() }
      return loss.detach()
    }
    let step = jit(body)
    var result = Run()
    for _ in 0..<5 {
      let before = Memory.current
      Memory.resetPeak()
      result.bits.append((compiled ? step(x) : body(x)).bytes)
      result.taken = Memory.peak - before
    }
    result.bits += (weights + biases).map { $0.detach().bytes }
    result.updates =
      compiled ? step.inspect(x).graph.steps.filter { ["sgd", "adam"].contains($0.name) }.count : 0
    return result
  }

  /// In a process of its own: the counters see all threads.
  @Test func gradientsAreUsedUpAtOnce() async {
    await #expect(processExitsWith: .success) {
      let (first, last) = (
        Self.run(compiled: true, .first) { SGD($0, lr: 0.1, momentum: 0.9) },
        Self.run(compiled: true, .last) { SGD($0, lr: 0.1, momentum: 0.9) }
      )
      #expect(first.updates == 1 && last.updates == Self.depth + 1)
      // Kept ones live between two steps, but for the last one these take memory of their own.
      #expect(last.taken < 4 * Self.bytes)
      #expect(first.bits == last.bits)
    }
  }

  @Test(arguments: Clearing.allCases, [false, true])
  func bitsAreThoseOfEagerSteps(_ clearing: Clearing, _ clips: Bool) {
    let optimizers: [([Tensor]) -> Optimizer] = [
      { SGD($0, lr: 0.1, momentum: 0.9, weightDecay: 0.01) }, { Adam($0, lr: 0.01) },
    ]
    for make in optimizers {
      let eager = Self.run(compiled: false, clearing, clips: clips, make)
      let compiled = Self.run(compiled: true, clearing, clips: clips, make)
      #expect(eager.bits == compiled.bits)
    }
  }
}
