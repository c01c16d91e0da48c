import Kobai
import KobaiTestSupport
import Testing

/// The kernels of recurrent layers, attention and cross entropy beside the ordinary operations that say
/// what they compute, at sizes that fill blocks, tiles and vectors, and leave some of them partly empty.
@Suite struct FusedLayersTests {
  private func tracked(_ x: Tensor) -> Tensor {
    var leaf = x
    return leaf.requiresGrad_()
  }

  private func gradients(_ outputs: [Tensor], _ inputs: [Tensor], _ random: inout RandomSource)
    -> [Tensor]
  {
    let seeds = outputs.map { random.direction(like: $0.detach()) }
    return Tensor.gradients(of: outputs, wrt: inputs, gradients: seeds).map { $0 ?? .poison }
  }

  /// The gradients of both along the same cotangents.
  private func compare(
    _ fused: [Tensor], _ composed: [Tensor], _ inputs: [Tensor], _ tolerance: Tolerance
  ) {
    for (a, b) in zip(fused, composed) {
      #expect(difference(a.detach(), b.detach(), tolerance) == nil)
    }
    var (first, second) = (RandomSource(seed: 9), RandomSource(seed: 9))
    let (a, b) = (gradients(fused, inputs, &first), gradients(composed, inputs, &second))
    for (i, (a, b)) in zip(a, b).enumerated() {
      #expect(difference(a, b, tolerance) == nil, "gradient \(i)")
    }
  }

  struct Heads: Sendable {
    var batch = 2
    var heads = 3
    var queries = 70
    var keys = 70
    var width = 16
    var values = 16
    var isCausal = false
    var mask: DType?
  }

  @Test(arguments: [
    Heads(isCausal: true), Heads(queries: 33, keys: 50, width: 7, values: 40, mask: .bool),
    Heads(batch: 1, queries: 5, keys: 100, width: 33, values: 3, mask: .float64),
    Heads(queries: 9, keys: 4, isCausal: true),
  ])
  func attentionIsSoftmaxOfProducts(_ heads: Heads) {
    var random = RandomSource(seed: 3)
    let (b, h, l, s) = (heads.batch, heads.heads, heads.queries, heads.keys)
    // Heads lie side by side in each row, as a projection gives them.
    func make(_ length: Int, _ width: Int) -> Tensor {
      tracked(random.uniform(-1...1, [b, length, h * width]))
    }
    func split(_ x: Tensor) -> Tensor {
      x.reshape([b, x.size(1), h, x.size(2) / h]).transpose(1, 2)
    }
    let inputs = [make(l, heads.width), make(s, heads.width), make(s, heads.values)]
    let parts = inputs.map(split)
    var mask: Tensor?
    if heads.mask == .bool { mask = random.uniform(-1...1, [l, s]) > -0.3 }
    if heads.mask == .float64 { mask = tracked(random.uniform(-1...1, [b, 1, l, s])) }
    let fused = scaledDotProductAttention(
      parts[0], parts[1], parts[2], attnMask: mask, isCausal: heads.isCausal, scale: 0.4)

    var scores = parts[0].matmul(parts[1].mT) * 0.4
    let allowed = heads.isCausal ? Tensor.ones([l, s], dtype: .bool).tril() : mask
    if let allowed, allowed.dtype == .bool {
      scores = scores.maskedFill(allowed.logicalNot(), -Double.infinity)
    } else if let mask {
      scores = scores + mask
    }
    let composed = scores.softmax(dim: -1).matmul(parts[2])
    let leaves = inputs + (mask.map { $0.requiresGrad ? [$0] : [] } ?? [])
    compare([fused], [composed], leaves, Tolerance(relative: 1e-12, absolute: 1e-12))
  }

  /// In a process of its own: the peak is that of all tests that run at the same time.
  @Test func attentionHoldsScoresOfFewQueries() async {
    await #expect(processExitsWith: .success) {
      var random = RandomSource(seed: 4)
      let (length, width) = (2048, 8)
      var x = random.uniform(-1...1, [1, length, width]).float()
      x.requiresGrad_()
      Memory.resetPeak()
      let before = Memory.peak
      scaledDotProductAttention(x, x, x, isCausal: true).sum().backward()
      #expect(Memory.peak - before < length * length)
    }
  }

  @Test(arguments: [0.0, 0.2], [false, true])
  func crossEntropyIsLogSoftmaxAtTheTargets(_ smoothing: Double, _ isWeighted: Bool) {
    var random = RandomSource(seed: 5)
    let (rows, classes) = (37, 65)
    let x = tracked(random.uniform(-9...9, [rows, classes]))
    let numbers = (0..<rows).map { $0 * 7 % classes }
    let weight = isWeighted ? random.uniform(0.2...2, [classes]) : nil
    for reduction in LossReduction.allCases {
      let fused = crossEntropy(
        x, Tensor(numbers), weight: weight, ignoreIndex: 14, reduction: reduction,
        labelSmoothing: smoothing)
      // A target spread over the classes, by its definition.
      let log = x.logSoftmax(dim: 1)
      let factors = weight ?? Tensor.ones([classes], dtype: .float64)
      let isCounted = Tensor(numbers.map { $0 == 14 ? 0.0 : 1.0 }, shape: [rows], dtype: .float64)
      let own = factors.indexSelect(dim: 0, index: Tensor(numbers)) * isCounted
      let chosen = log.gather(dim: 1, index: Tensor(numbers).unsqueeze(1)).squeeze(dim: 1)
      let spread = (log * factors).sum(dim: 1) * isCounted * (smoothing / Double(classes))
      let losses = -(chosen * own * (1 - smoothing) + spread)
      let composed =
        switch reduction {
        case .none: losses
        case .sum: losses.sum()
        case .mean: losses.sum() / own.sum()
        }
      compare([fused], [composed], [x], Tolerance(relative: 1e-12, absolute: 1e-12))
    }
  }

  @Test func crossEntropyOfHugeLogitsIsExact() {
    // log(1 + e^-1) of neighbours near 10 000, where float32 has steps of 1/1024.
    let x = Tensor([[10000.0, 9999.0]], requiresGrad: true)
    let loss = crossEntropy(x, Tensor([0]))
    loss.backward()
    #expect(abs(loss.item() - 0.31326168751822286) < 1e-7)
    let gradient = x.grad?.array(as: Double.self) ?? []
    #expect(gradient.count == 2 && abs(gradient[1] - 0.2689414213699951) < 1e-7)
  }

  @Test func threadsDoNotChangeABit() {
    var random = RandomSource(seed: 6)
    let x = tracked(random.uniform(-1...1, [9, 22, 40]).float())
    let lstm = LSTM(40, 36)
    let gru = GRU(40, 36, bidirectional: true)
    let attention = MultiheadAttention(40, 2, batchFirst: true)
    func run() -> [[UInt32]] {
      let (a, b) = (lstm(x).output, gru(x).output)
      let c = attention(x, x, x, needWeights: false).output
      let loss = crossEntropy(a.reshape([198, 36]), Tensor(Array(0..<198)) % 36)
      let all = [x] + lstm.parameters + gru.parameters + attention.parameters
      let total = loss + b.sum() + (c * c).sum()
      return Tensor.gradients(of: [total], wrt: all).map {
        ($0 ?? .poison).array(as: Float.self).map(\.bitPattern)
      }
    }
    let threads = Threads.count
    defer { Threads.count = threads }
    Threads.count = 1
    let alone = run()
    for count in 2...4 {
      Threads.count = count
      #expect(run() == alone)
    }
  }

  @Test func partsShareOneGradient() {
    let x = tracked(Tensor.arange(0, 24, dtype: .float64).reshape([4, 6]))
    let parts = x.split([1, 3, 2], dim: 1)
    // The middle part takes no part in the result.
    (parts[0] * 2).sum().backward()
    #expect(x.grad?.sum().item() == 8)
    let rows = x.unbind()
    let y = rows[0] * rows[3] + rows[1]
    let gradient = Tensor.gradients(of: [y.sum()], wrt: [x])[0]
    let expected = Tensor.stack([
      rows[3], Tensor.ones([6], dtype: .float64), Tensor.zeros([6], dtype: .float64), rows[0],
    ])
    #expect(difference(gradient ?? .poison, expected.detach()) == nil)
  }
}
