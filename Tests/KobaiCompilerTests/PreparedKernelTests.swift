import Kobai
import KobaiTestSupport
import Testing

/// Operations that training steps are made of run on prepared kernels, whatever their inputs' strides.
@Suite(.ownGenerator) struct PreparedKernelTests {
  /// Results and gradients of three calls against eager ones.
  private func compare(
    _ inputs: [Tensor], evaluated: [String]? = [], _ f: @escaping ([Tensor]) -> Tensor
  ) {
    func body(_ inputs: [Tensor]) -> [Tensor] {
      let leaves = inputs.map {
        $0.dtype.isFloatingPoint ? $0.asState(requiresGrad: true) : $0
      }
      let y = f(leaves)
      (y * y).sum().backward()
      return [y.detach()] + leaves.compactMap(\.grad)
    }
    let expected = body(inputs).map(\.bytes)
    let compiled = jit(body)
    for _ in 0..<3 { #expect(compiled(inputs).map(\.bytes) == expected) }
    if let evaluated { #expect(compiled.inspect(inputs).evaluated == evaluated) }
  }

  /// The tensor, its transpose in memory and every second row of a larger one.
  private func layouts(_ shape: [Int]) -> [Tensor] {
    let x = Tensor.randn(shape)
    return [
      x, x.transpose(0, -1).contiguous().transpose(0, -1),
      Tensor.cat([x, x]).reshape([2] + shape).transpose(0, 1).contiguous()[0..., 0],
    ]
  }

  @Test func convolutions() {
    for x in layouts([2, 4, 9, 8]) {
      for w in layouts([6, 4, 3, 3]) {
        compare([x, w, Tensor.randn([6])]) {
          $0[0].conv2d($0[1], bias: $0[2], stride: 2, padding: 1)
        }
      }
      compare([x, Tensor.randn([4, 3, 3, 3])]) { $0[0].convTranspose2d($0[1], stride: 2) }
    }
  }

  @Test func pooling() {
    for x in layouts([2, 3, 8, 10]) {
      compare([x]) { $0[0].maxPool2d(kernelSize: 2) }
      compare([x]) { $0[0].maxPool2d(kernelSize: 3, stride: 1, padding: 1) }
      compare([x]) { $0[0].maxPool2dWithIndices(kernelSize: 3, stride: 2).values }
      compare([x]) { $0[0].avgPool2d(kernelSize: 3, padding: 1) }
    }
  }

  @Test func normalizations() {
    for x in layouts([4, 6, 5]) {
      compare([x, Tensor.randn([5]), Tensor.randn([5])]) {
        $0[0].layerNorm([5], weight: $0[1], bias: $0[2])
      }
      compare([x, Tensor.randn([6]), Tensor.randn([6])]) {
        $0[0].batchNorm(weight: $0[1], bias: $0[2], training: true)
      }
      compare([x]) { $0[0].rmsNorm([5]) }
      compare([x, Tensor.randn([6]), Tensor.randn([6])]) {
        $0[0].groupNorm(3, weight: $0[1], bias: $0[2])
      }
    }
  }

  @Test func attention() {
    for q in layouts([2, 4, 6, 8]) {
      let (k, v) = (Tensor.randn([2, 4, 6, 8]), Tensor.randn([2, 6, 4, 8]).transpose(1, 2))
      for isCausal in [false, true] {
        compare([q, k, v]) { scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: isCausal) }
      }
      let mask = Tensor.randn([2, 4, 6, 6])
      compare([q, k, v, mask]) { scaledDotProductAttention($0[0], $0[1], $0[2], attnMask: $0[3]) }
    }
    // Heads that are parts of one product: their gradient lies as they do.
    compare([Tensor.randn([2, 6, 32]), Tensor.randn([96, 32])]) { inputs in
      let parts = linear(inputs[0], weight: inputs[1]).reshape([2, 6, 12, 8]).transpose(1, 2)
        .chunk(3, dim: 1)
      return scaledDotProductAttention(parts[0], parts[1], parts[2])
    }
  }

  @Test func lossesAndRows() {
    for x in layouts([6, 5]) {
      let classes = Tensor([0, 4, 2, 2, 1, 3])
      compare([x, classes]) { crossEntropy($0[0], $0[1]) }
      compare([x, classes, Tensor([1.0, 2, 3, 4, 5])]) {
        crossEntropy($0[0], $0[1], weight: $0[2].detach(), labelSmoothing: 0.1)
      }
      compare([x, classes]) { $0[1].embedding($0[0]) }
      compare([x, Tensor([2, 2, 0])]) { $0[0].indexSelect(dim: 1, index: $0[1]) }
      compare([x, Tensor([2, 2, 0])]) {
        $0[0].indexAdd(dim: 0, index: $0[1], source: $0[0][0..<3] * 2)
      }
    }
  }

  @Test func reductionsAndMovements() {
    for x in layouts([5, 6, 7]) {
      compare([x]) { $0[0].amax(dims: [1]) + $0[0].amin(dims: [1]) }
      compare([x]) { $0[0].var(dims: [0]) + $0[0].std(dims: [0]) }
      compare([x]) { $0[0].logsumexp(dim: 1) * $0[0].norm(dim: 1) }
      compare([x]) { $0[0].cumsum(dim: 1).flip([0, 2]).tril() }
      compare([x]) { $0[0].diagonal(dim1: 1, dim2: 2).clone() }
      compare([x]) { $0[0].adaptiveAvgPool2d(outputSize: [4, 3]) }
      compare([x]) { $0[0] * ($0[0].argmax(dim: 0) + ($0[0] > 0).any(dims: [0]).to(.int64)) }
    }
  }

  @Test func dropout() {
    let x = Tensor.randn([16, 9])
    func f(_ x: Tensor) -> Tensor { x.dropout(p: 0.3, training: true) * Tensor.randn([9]) }
    let compiled = jit(f)
    for seed in 0..<3 {
      manualSeed(UInt64(seed))
      let expected = f(x).bytes
      manualSeed(UInt64(seed))
      #expect(compiled(x).bytes == expected)
    }
    #expect(compiled.inspect(x).evaluated == [])
  }

  @Test func recurrentLayers() {
    let x = Tensor.randn([4, 3, 5])
    let (lstm, gru) = (LSTM(5, 6), GRU(5, 6))
    compare([x]) { lstm($0[0]).output }
    compare([x]) { gru($0[0]).output }
  }

  /// A refused element is named by the operation, as without a replay.
  @Test func indicesOutOfRange() {
    let weight = Tensor.randn([4, 3])
    let f = jit { (index: Tensor) in index.embedding(weight).sum() }
    for _ in 0..<3 { _ = f(Tensor([1, 2])) }
    let message = misuseMessage { f(Tensor([1, 4])) }
    #expect(message?.contains("index out of range in self: 4") == true)
    let loss = jit { (x: Tensor, y: Tensor) in crossEntropy(x, y) }
    for _ in 0..<3 { _ = loss(weight, Tensor([0, 1, 2, 0])) }
    let other = misuseMessage { loss(weight, Tensor([0, 1, 3, 0])) }
    #expect(other?.contains("Target 3 is out of bounds") == true)
  }
}
