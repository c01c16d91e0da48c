import Kobai
import KobaiTestSupport
import Testing

/// Sums of what is computed for them alone, compiled against eager, bit for bit.
@Suite(.ownGenerator) struct ReductionFusionTests {
  /// - Parameter groups: the operations of each group that is expected.
  private func compare(
    _ inputs: [Tensor], groups: [[String]]? = nil, _ f: @escaping ([Tensor]) -> [Tensor]
  ) {
    let compiled = jit(f)
    let expected = f(inputs).map(\.bytes)
    for _ in 0..<3 { #expect(compiled(inputs).map(\.bytes) == expected) }
    if let groups { #expect(compiled.inspect(inputs).groups == groups) }
  }

  @Test(arguments: [DType.float32, .float64]) func sumsAndMeans(_ dtype: DType) {
    // Rows longer than a block, several tasks, columns, rows with an end of their own.
    for shape in [[4, 5000], [3, 700, 300], [40000, 3], [2, 3, 1100], [1 << 18]] {
      let x = Tensor.randn(shape, dtype: dtype)
      let y = Tensor.randn(shape, dtype: dtype)
      for dims in [[0], [shape.count - 1], Array(shape.indices)] {
        compare([x, y]) { [(($0[0] - $0[1]) * ($0[0] - $0[1])).sum(dims: dims)] }
        compare([x, y]) { [($0[0] * $0[1] * 0.3).tanh().mean(dims: dims)] }
        compare([x]) { [$0[0].exp().sum(dims: dims)] }
      }
    }
  }

  @Test func whatIsReadElsewhereTooIsWritten() {
    let (x, y) = (Tensor.randn([8, 1024]), Tensor.randn([8, 1024]))
    compare([x, y], groups: [["sub", "mul", "mean"]]) {
      let difference = $0[0] - $0[1]
      return [(difference * difference).mean(), difference]
    }
  }

  @Test func theGradientOfALoss() {
    let (x, y) = (Tensor.randn([64, 256]), Tensor.randn([64, 256]))
    let w = Tensor.randn([256, 256])
    compare([x, y, w]) { inputs in
      let w = inputs[2].detach().asState(requiresGrad: true)
      let loss = (mseLoss(inputs[0].matmul(w), inputs[1]) * 3).exp()
      loss.backward()
      return [loss.detach(), w.grad!]
    }
  }

  /// What lies otherwise in memory is summed in the order of a single sum.
  @Test func stridedInputs() {
    let x = Tensor.randn([600, 700])
    for y in [x.t(), x.reshape([300, 2, 700])[0..., 0], x[0].expand([600, 700])] {
      let shape = y.shape
      let z = Tensor.randn(shape)
      for dim in [0, 1] { compare([y, z]) { [($0[0] * $0[1] + 1).sum(dim: dim)] } }
      compare([y, z]) { [($0[0] * $0[1] + 1).sum()] }
    }
  }

  @Test func shortRowsStayApart() {
    let x = Tensor.randn([100, 7])
    compare([x], groups: [["mul", "add"]]) { [($0[0] * 2 + 1).sum(dim: 1)] }
  }

  @Test func nanAndInfinity() {
    var elements = [Float](repeating: 1, count: 2048)
    elements[100] = .nan
    elements[1500] = .infinity
    let x = Tensor(elements).reshape([2, 1024])
    compare([x]) { [($0[0] * 2).sum(dim: 1), ($0[0] - $0[0]).mean()] }
  }
}
