import Kobai
import KobaiTestSupport
import Testing

/// Chains of reductions of rows and elementwise operations, compiled against eager, bit for bit.
@Suite(.ownGenerator, .serialized) struct RowChainTests {
  typealias Function = @Sendable ([Tensor]) -> Tensor

  /// From an array x of rows, a weight and a bias for each column and a second array of rows.
  static let functions: [(name: String, of: Function)] = [
    ("softmax", { softmax($0[0]) }),
    (
      "log-softmax",
      {
        let shifted = $0[0] - $0[0].amax(dim: -1, keepDim: true)
        return shifted - shifted.exp().sum(dim: -1, keepDim: true).log()
      }
    ),
    (
      "log-sum-exp",
      {
        let largest = $0[0].amax(dim: -1)
        return ($0[0] - largest.unsqueeze(-1)).exp().sum(dim: -1).log() + largest
      }
    ),
    ("layer norm", { layerNorm($0[0]) * $0[1] + $0[2] }),
    ("RMS norm", { $0[0] / (($0[0] * $0[0]).mean(dim: -1, keepDim: true) + 1e-6).sqrt() * $0[1] }),
    (
      "softmax by index",
      {
        let e = ($0[0] - $0[0].max(dim: -1, keepDim: true).values).exp()
        return e / e.sum(dim: -1, keepDim: true)
      }
    ),
    (
      "negative log-likelihood",
      {
        let largest = $0[0].amax(dim: -1, keepDim: true)
        let sum = ($0[0] - largest).exp().sum(dim: -1, keepDim: true).log() + largest
        return sum - $0[0].gather(dim: -1, index: $0[3].argmin(dim: -1, keepDim: true))
      }
    ),
    ("L2", { $0[0] / ($0[0] * $0[0]).sum(dim: -1, keepDim: true).sqrt().maximum(1e-12) }),
    (
      "cosine",
      {
        let dot = ($0[0] * $0[3]).sum(dim: -1)
        let sizes = ($0[0] * $0[0]).sum(dim: -1) * ($0[3] * $0[3]).sum(dim: -1)
        return dot / sizes.sqrt()
      }
    ),
    ("a choice", { Tensor.where(layerNorm($0[0]) > 0, softmax($0[3]), $0[1] * $0[0]) }),
    (
      "range", { ($0[0] - $0[0].amin(dim: -1, keepDim: true)) / $0[0].amax(dim: -1, keepDim: true) }
    ),
  ]

  private static func softmax(_ x: Tensor) -> Tensor {
    let e = (x - x.amax(dim: -1, keepDim: true)).exp()
    return e / e.sum(dim: -1, keepDim: true)
  }

  private static func layerNorm(_ x: Tensor) -> Tensor {
    let mean = x.mean(dim: -1, keepDim: true)
    let variance = ((x - mean) ** 2).mean(dim: -1, keepDim: true)
    return (x - mean) / (variance + 1e-5).sqrt()
  }

  private func arguments(_ shape: [Int], _ dtype: DType = .float32) -> [Tensor] {
    let columns = [shape.last ?? 1]
    return [shape, columns, columns, shape].map { Tensor.randn($0, dtype: dtype) }
  }

  /// All NaN are one: which of two a sum or product gives depends on their order, and groups may swap them.
  private func bits(_ y: Tensor) -> [UInt8] {
    y.dtype.isFloatingPoint
      ? Tensor.where(y.ne(y), Tensor(Double.nan, dtype: y.dtype), y).bytes : y.bytes
  }

  /// Three calls each on one thread and on two.
  private func compare(
    _ inputs: [Tensor], groups: Int? = nil, evaluated: [String]? = [], _ name: String = "",
    _ f: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    let expected = f(inputs).map(bits)
    let compiled = jit(f)
    let count = Threads.count
    defer { Threads.count = count }
    for threads in [1, 2] {
      Threads.count = threads
      for _ in 0..<3 {
        #expect(compiled(inputs).map(bits) == expected, "\(name) of \(inputs.map(\.type))")
      }
    }
    let inspection = compiled.inspect(inputs)
    if let groups { #expect(inspection.groups.count == groups, "\(name)\n\(inspection)") }
    if let evaluated { #expect(inspection.evaluated == evaluated, "\(name)") }
  }

  @Test(arguments: [DType.float32, .float64]) func values(_ dtype: DType) {
    for shape in [
      [5, 7], [300, 33], [64, 600], [2, 3, 40], [40, 16], [16, 5000], [3, 2], [1000, 8],
    ] {
      let inputs = arguments(shape, dtype)
      for (name, f) in Self.functions { compare(inputs, groups: 1, name) { [f($0)] } }
    }
  }

  @Test(arguments: [DType.float16, .bfloat16]) func halfTypes(_ dtype: DType) {
    let inputs = arguments([30, 70], dtype)
    for (name, f) in Self.functions { compare(inputs, evaluated: nil, name) { [f($0)] } }
  }

  private static func gradients(_ f: @escaping Function) -> @Sendable ([Tensor]) -> [Tensor] {
    { inputs in
      let (value, gradients) = valueAndGrad { (leaves: [Tensor]) in
        let y = f(leaves)
        return ((y.rank < leaves[3].rank ? y.unsqueeze(-1) : y) * leaves[3]).sum()
      }(inputs)
      return [value] + gradients
    }
  }

  @Test(arguments: [DType.float32, .float64, .bfloat16]) func gradients(_ dtype: DType) {
    for shape in [[6, 9], [70, 520], [2, 3, 40]] {
      let inputs = arguments(shape, dtype)
      for (name, f) in Self.functions {
        let evaluated: [String]? = dtype == .bfloat16 ? nil : []
        compare(inputs, evaluated: evaluated, name, Self.gradients(f))
      }
    }
  }

  @Test func secondOrder() {
    let inputs = arguments([6, 9], .float64)
    for (name, f) in Self.functions {
      compare(inputs, name) { inputs in
        grad { (leaves: [Tensor]) in
          grad { (leaves: [Tensor]) in (f(leaves) * 0.5).exp().sum() }(leaves)
            .map { ($0 * $0).sum() }.reduce(0, +)
        }(inputs)
      }
    }
  }

  @Test func specialValues() {
    var rows = [[Float]](repeating: [1, -2, 0.5, 3, 0, -0.0], count: 7)
    rows[0][2] = .nan
    rows[1] = [.infinity, 1, 2, 3, 4, 5]
    rows[2] = [-.infinity, 1, 2, 3, 4, 5]
    rows[3] = .init(repeating: -.infinity, count: 6)
    rows[4] = [0, -0.0, 0, -0.0, -0.0, 0]
    rows[5] = .init(repeating: -0.0, count: 6)
    let x = Tensor(rows)
    let inputs = [x, Tensor.randn([6]), Tensor.randn([6]), x.flip([1])]
    for (name, f) in Self.functions {
      compare(inputs, name) { [f($0)] }
      compare(inputs, name, Self.gradients(f))
    }
  }

  @Test func emptyShapes() {
    for shape in [[0, 5], [4, 1], [1, 6], [2, 0, 3]] {
      for (name, f) in Self.functions { compare(arguments(shape), name) { [f($0)] } }
    }
    compare([Tensor.zeros([3, 0])]) { [$0[0] - $0[0].sum(dim: -1, keepDim: true)] }
  }

  /// Arrays that do not lie row by row.
  @Test func stridedInputs() {
    let (n, m) = (40, 30)
    let plain = Tensor.randn([n, m])
    for x in [
      Tensor.randn([m, n]).t(), Tensor.randn([n, 2, m])[0..., 1],
      Tensor.randn([n, 2 * m])[0..., ..<m],
      Tensor.randn([m]).expand([n, m]), Tensor.randn([n, 1]).expand([n, m]),
      Tensor.randn([1, 1]).expand([n, m]),
    ] {
      for (name, f) in Self.functions {
        compare([x, plain[0], plain[1], plain], evaluated: nil, name) { [f($0)] }
        compare([plain, x[0], x[1], x], evaluated: nil, name) { [f($0)] }
      }
    }
    let x = Tensor.randn([4, 600, 5]).transpose(1, 2)
    for (name, f) in Self.functions {
      compare([x, plain[0][0], plain[1][1], x * 2], evaluated: nil, name) { [f($0)] }
    }
  }

  @Test func indicesFromOutside() {
    let classes = Tensor((0..<40).map { Int64($0 % 30) }).unsqueeze(1)
    let f: @Sendable ([Tensor]) -> [Tensor] = { inputs in
      let (value, gradient) = valueAndGrad { (x: Tensor) in
        let logits = x - x.amax(dim: -1, keepDim: true)
        let picked = logits.gather(dim: 1, index: inputs[1])
        return (logits.exp().sum(dim: -1, keepDim: true).log() - picked).mean()
      }(inputs[0])
      return [value, gradient]
    }
    compare([Tensor.randn([40, 30]), classes], groups: 1, "", f)
    // A refused index is named by the operation.
    let x = Tensor.randn([40, 29])
    let compiled = jit(f)
    for _ in 0..<3 { _ = compiled([x, classes * 0]) }
    let message = misuseMessage { compiled([x, classes])[0] }
    #expect(message?.contains("index 29 is out of bounds") == true)
  }

  @Test func severalDimensions() {
    let x = Tensor.randn([6, 4, 3, 5])
    compare([x], groups: 1) { x in
      let mean = x[0].mean(dims: [2, 3], keepDim: true)
      return [(x[0] - mean) / ((x[0] - mean) ** 2).mean(dims: [2, 3], keepDim: true)]
    }
    // Rows of two lengths are two chains.
    compare([x], groups: 2) { x in
      let y = x[0] - x[0].mean(dims: [2, 3], keepDim: true)
      return [y / y.abs().amax(dim: -1, keepDim: true)]
    }
  }

  @Test func whatIsReadOutside() {
    let (x, w) = (Tensor.randn([32, 48]), Tensor.randn([48, 48]))
    // Statistics and intermediates leave the chain, too.
    compare([x], groups: 1) {
      let largest = $0[0].amax(dim: -1, keepDim: true)
      let e = ($0[0] - largest).exp()
      let sum = e.sum(dim: -1, keepDim: true)
      return [e / sum, e, largest, sum.squeeze(dim: 1), sum.expand([32, 48])]
    }
    // A product stands between.
    compare([x, w], groups: 2) {
      let p = Self.softmax($0[0])
      return [Self.layerNorm(p.matmul($0[1]) + $0[0]) + p]
    }
    // Sums of columns and of all elements wait for the chain's end.
    compare([x], groups: 1) {
      let e = ($0[0] - $0[0].amax(dim: -1, keepDim: true)).exp()
      let total = e.sum() * 0.5
      return [e / e.sum(dim: -1, keepDim: true), e.sum(dim: 0), total]
    }
    // One that the rest depends on ends it.
    compare([x]) {
      let e = ($0[0] - $0[0].amax(dim: -1, keepDim: true)).exp()
      return [e / e.sum(dim: -1, keepDim: true) * e.sum()]
    }
  }

  @Test func intermediateResultsTakeNoMemory() {
    let inputs = arguments([256, 512])
    for (name, f) in Self.functions {
      let inspection = jit { (inputs: [Tensor]) in f(inputs) }.inspect(inputs)
      #expect(inspection.plannedBytes == 0, "\(name)\n\(inspection)")
    }
  }

  @Test func inPlace() {
    let expected = Tensor.randn([30, 600]).asState(requiresGrad: false)
    let state = expected.clone().asState(requiresGrad: false)
    func step(_ x: Tensor) { x.data = Self.softmax(x * 3) - Self.layerNorm(x) }
    let compiled = jit { step(state) }
    for _ in 0..<4 {
      step(expected)
      compiled()
      #expect(state.bytes == expected.bytes)
    }
  }
}
