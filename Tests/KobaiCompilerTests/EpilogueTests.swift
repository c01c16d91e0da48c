import Kobai
import KobaiTestSupport
import Testing

/// Products and convolutions with the elementwise operations that follow them, compiled against eager, bit
/// for bit.
@Suite(.ownGenerator) struct EpilogueTests {
  /// - Parameter tails: the operations of the steps that are to have a tail.
  private func compare(
    _ inputs: [Tensor], tails: [[String]]? = nil, _ comment: Comment? = nil,
    _ f: @escaping ([Tensor]) -> [Tensor]
  ) {
    let compiled = jit(f)
    let expected = f(inputs).map(\.bytes)
    for _ in 0..<3 { #expect(compiled(inputs).map(\.bytes) == expected, comment) }
    guard let tails else { return }
    let inspection = compiled.inspect(inputs)
    let names = inspection.graph.steps.map(\.name)
    #expect(names.count { $0.hasSuffix("+tail") } == tails.count, comment)
    #expect(inspection.groups == tails, comment)
  }

  private static let followers: [(name: String, run: @Sendable (Tensor, [Tensor]) -> Tensor)] = [
    ("relu", { y, _ in y.relu() }),
    ("scaled", { y, _ in y * 0.25 }),
    ("residual", { y, others in y + others[0] }),
    ("residual, scaled and rectified", { y, others in (others[0] - y * 2).relu() }),
    ("a vector for all rows", { y, others in y * others[1] }),
    ("an element for each row", { y, others in y - others[2] }),
    ("flags", { y, others in Tensor.where(y.gt(others[0]), y, others[0]) }),
    ("gelu", { y, _ in y.gelu() }),
    ("tanh of a sum", { y, others in (y + others[0]).tanh() }),
    ("sigmoid and silu", { y, _ in y.sigmoid() * y.silu() }),
  ]

  /// Few and many rows, sums in several blocks, ragged tiles, single rows and columns, nothing.
  private static let products: [(m: Int, k: Int, n: Int)] = [
    (1, 1, 1), (1, 40, 300), (300, 40, 1), (5, 7, 3), (33, 65, 130), (64, 1700, 48), (700, 33, 520),
    (260, 900, 700), (0, 3, 4), (4, 0, 3),
  ]

  @Test(arguments: [DType.float32, .float64, .bfloat16]) func products(_ dtype: DType) {
    for (m, k, n) in Self.products {
      let (x, w) = (Tensor.randn([m, k], dtype: dtype), Tensor.randn([n, k], dtype: dtype))
      let bias = Tensor.randn([n], dtype: dtype)
      let others = [
        Tensor.randn([m, n], dtype: dtype), Tensor.randn([n], dtype: dtype),
        Tensor.randn([m, 1], dtype: dtype),
      ]
      for (name, follow) in Self.followers {
        let comment: Comment = "\(name) of \(m) × \(k) × \(n), \(dtype)"
        compare([x, w, bias] + others, comment) {
          [follow(linear($0[0], weight: $0[1], bias: $0[2]), Array($0[3...]))]
        }
        compare([x, w] + others, comment) {
          let y = $0[0].matmul($0[1].t())
          return [y, follow(y, Array($0[2...]))]
        }
      }
    }
  }

  @Test func batchesOfProducts() {
    for (batch, m, k, n) in [(3, 20, 30, 40), (40, 9, 8, 7), (2, 300, 100, 200)] {
      let (x, y) = (Tensor.randn([batch, m, k]), Tensor.randn([batch, k, n]))
      let others = [
        Tensor.randn([batch, m, n]), Tensor.randn([n]), Tensor.randn([batch, m, 1]),
      ]
      for (name, follow) in Self.followers {
        compare([x, y] + others, "\(name)") {
          [follow($0[0].matmul($0[1]), Array($0[2...]))]
        }
      }
    }
  }

  /// Work is cut in other ways for more threads, with tails in other places.
  @Test func threads() {
    let (x, w, r) = (Tensor.randn([500, 90]), Tensor.randn([90, 700]), Tensor.randn([500, 700]))
    let (image, kernel) = (Tensor.randn([4, 32, 24, 24]), Tensor.randn([40, 32, 3, 3]))
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let expected = [
      (x.matmul(w) + r).relu().bytes, image.conv2d(kernel, padding: 1).relu().bytes,
    ]
    for count in 1...3 {
      Threads.count = count
      let product = jit { (x: Tensor, w: Tensor, r: Tensor) in (x.matmul(w) + r).relu() }
      let convolution = jit { (x: Tensor, w: Tensor) in x.conv2d(w, padding: 1).relu() }
      for _ in 0..<2 {
        #expect([product(x, w, r).bytes, convolution(image, kernel).bytes] == expected)
      }
    }
  }

  /// What compiles to a tail, and what does not.
  @Test func graphsShowTails() {
    let (x, w, b) = (Tensor.randn([64, 96]), Tensor.randn([128, 96]), Tensor.randn([128]))
    let r = Tensor.randn([64, 128])
    compare([x, w, b], tails: [["linear", "relu"]]) {
      [linear($0[0], weight: $0[1], bias: $0[2]).relu()]
    }
    compare([x, w, r], tails: [["linearProduct", "mul", "add"]]) {
      [linear($0[0], weight: $0[1]) * 0.5 + $0[2]]
    }
    compare([x, w, b, r], tails: [["linear", "add"]]) { inputs in
      let rows = inputs[0].reshape([4, 16, 96])
      let y = linear(rows, weight: inputs[1], bias: inputs[2])
      return [y + inputs[3].reshape([4, 16, 128])]
    }
    // It is read by something else first, spends its time computing, or has another dtype.
    compare([x, w], tails: []) {
      let y = linear($0[0], weight: $0[1])
      let sum = y.matmul(y.t())
      return [sum, y.relu()]
    }
    compare([x, w], tails: []) { [linear($0[0], weight: $0[1]).gelu()] }
    compare([x.to(.bfloat16), w.to(.bfloat16)], tails: []) {
      [linear($0[0], weight: $0[1]).relu()]
    }
  }

  /// A result that nothing else reads lies where its tail's does; one that is read elsewhere is written.
  @Test func memoryOfResults() {
    let (x, w) = (Tensor.randn([256, 256]), Tensor.randn([256, 256]))
    let alone = jit { (x: Tensor, w: Tensor) in x.matmul(w).relu().matmul(w) }
    let inspection = alone.inspect(x, w)
    #expect(inspection.graph.steps.map(\.name) == ["matmul+tail", "matmul"])
    #expect(inspection.plannedBytes == 4 * 256 * 256)
    #expect(inspection.graph.steps[0].outputs.count == 1)
    #expect(inspection.flops == 4 * 256 * 256 * 256 + 256 * 256)
    let kept = jit { (x: Tensor, w: Tensor) -> [Tensor] in
      let y = x.matmul(w)
      return [y.relu().matmul(w), y]
    }
    #expect(kept.inspect(x, w).graph.steps[0].outputs.count == 2)
    #expect(kept.inspect(x, w).graph.steps[0].name == "matmul+tail")
  }

  @Test func specialValues() {
    var elements = [Float](repeating: 1, count: 64 * 64)
    (elements[5], elements[70], elements[200]) = (.nan, .infinity, -.infinity)
    let x = Tensor(elements).reshape([64, 64])
    compare([x, Tensor.randn([64, 64])], tails: [["matmul", "relu"]]) {
      [$0[0].matmul($0[1]).relu()]
    }
  }

  /// Operands that lie in other ways than a tail takes are read by the group's own loops.
  @Test func stridedOperands() {
    let (x, w) = (Tensor.randn([96, 40]), Tensor.randn([40, 96]))
    compare([x, w, Tensor.randn([96, 96])]) { [$0[0].matmul($0[1]) + $0[2].t()] }
    compare([x.t().contiguous().t(), w.t().contiguous().t(), Tensor.randn([2, 96])]) {
      [$0[0].matmul($0[1]) * $0[2][1]]
    }
    let y = Tensor.randn([4, 24, 40])
    compare([y, w, Tensor.randn([24, 96])]) { [($0[0].matmul($0[1]) + $0[2]).relu()] }
    compare([y, w, Tensor.randn([4, 1, 96])]) { [($0[0].matmul($0[1]) + $0[2]).relu()] }
  }

  private static let convolutions:
    [(name: String, x: [Int], w: [Int], stride: Int, padding: Int, groups: Int)] = [
      ("Winograd's", [3, 32, 16, 16], [24, 32, 3, 3], 1, 1, 1),
      ("Winograd's, few tiles", [2, 64, 8, 8], [64, 64, 3, 3], 1, 1, 1),
      ("Winograd's, ragged", [2, 17, 15, 13], [20, 17, 3, 3], 1, 1, 1),
      ("Winograd's, wide", [1, 16, 8, 300], [16, 16, 3, 3], 1, 1, 1),
      ("of few channels", [2, 3, 31, 29], [8, 3, 3, 3], 1, 1, 1),
      ("of large planes", [1, 1, 150, 170], [4, 1, 5, 5], 1, 2, 1),
      ("with strides", [2, 32, 17, 17], [40, 32, 3, 3], 2, 1, 1),
      ("of 1 × 1", [2, 24, 12, 12], [40, 24, 1, 1], 1, 0, 1),
      ("in groups", [2, 12, 11, 11], [18, 4, 3, 3], 1, 1, 3),
      ("depthwise", [2, 24, 12, 12], [24, 1, 3, 3], 1, 1, 24),
      ("depthwise with strides", [2, 24, 13, 13], [24, 1, 3, 3], 2, 1, 24),
    ]

  @Test(arguments: [DType.float32, .float64, .bfloat16]) func convolutions(_ dtype: DType) {
    for (name, x, w, stride, padding, groups) in Self.convolutions {
      let image = Tensor.randn(x, dtype: dtype)
      let weight = Tensor.randn(w, dtype: dtype)
      let bias = Tensor.randn([w[0]], dtype: dtype)
      func forward(_ inputs: [Tensor]) -> Tensor {
        inputs[0].conv2d(
          inputs[1], bias: inputs[2], stride: stride, padding: padding, groups: groups)
      }
      let y = forward([image, weight, bias])
      let others = [Tensor.randn(y.shape, dtype: dtype), Tensor.randn([w[0], 1, 1], dtype: dtype)]
      let inputs = [image, weight, bias] + others
      let tails: ([String]) -> [[String]]? = {
        dtype == .bfloat16 ? nil : [["biasedConvolution"] + $0]
      }
      compare(inputs, tails: tails(["relu"]), "\(name)") { [forward($0).relu()] }
      compare(inputs, tails: tails(["add", "relu"]), "\(name)") {
        [(forward($0) + $0[3]).relu()]
      }
      compare(inputs, tails: tails(["mul", "add"]), "\(name)") {
        [forward($0) * $0[4] + $0[3]]
      }
      compare(inputs, "\(name)") {
        let y = forward($0)
        return [y, y.relu()]
      }
      // Its transpose, to which the gradient of an activation is such a tail.
      compare([y, weight, image], "\(name)") {
        let dx = $0[0].convTranspose2d($0[1], stride: stride, padding: padding, groups: groups)
        return [dx.relu() * 3]
      }
    }
  }

  /// Gradients and losses of steps, whose graphs have tails in both directions.
  @Test func trainingSteps() {
    func compareStep(
      _ weights: [Tensor], _ x: Tensor, _ f: @escaping ([Tensor], Tensor) -> Tensor
    ) {
      func run(_ compiled: Bool) -> ([[UInt8]], Inspection) {
        let leaves = weights.map { $0.clone().asState(requiresGrad: true) }
        func body(_ x: Tensor) -> Tensor {
          for w in leaves { w.grad = nil }
          let loss = f(leaves, x)
          loss.backward()
          noGrad { for w in leaves { w.data = w - w.grad! * 0.01 } }
          return loss.detach()
        }
        let step = jit { (x: Tensor) in body(x) }
        let inspection = step.inspect(x)
        let losses = (0..<4).map { _ in (compiled ? step(x) : body(x)).bytes }
        return (losses + leaves.map(\.bytes), inspection)
      }
      let (eager, compiled) = (run(false), run(true))
      #expect(eager.0 == compiled.0)
      #expect(compiled.1.graph.steps.contains { $0.name.hasSuffix("+tail") })
      let before = compiled.1.stages.first { $0.pass == "schedule" }?.graph
      #expect(compiled.1.plannedBytes <= before?.plannedBytes ?? 0)
    }
    let small = { (shape: [Int]) in Tensor.randn(shape) * 0.1 }
    compareStep([small([64, 96]), small([64]), small([10, 64]), small([10])], small([200, 96])) {
      let hidden = linear($1, weight: $0[0], bias: $0[1]).relu()
      return linear(hidden, weight: $0[2], bias: $0[3]).square().mean()
    }
    compareStep([small([256, 128]), small([128, 256]), small([128])], small([4, 64, 128])) {
      let normal = $1.layerNorm([128])
      let y = $1 + linear(linear(normal, weight: $0[0]).gelu(), weight: $0[1], bias: $0[2])
      let z = y + linear(linear(y, weight: $0[0]).relu(), weight: $0[1], bias: $0[2])
      return z.square().mean()
    }
    compareStep(
      [small([16, 3, 3, 3]), small([16, 16, 3, 3]), small([32, 16, 3, 3])], small([2, 3, 16, 16])
    ) {
      let x = $1.conv2d($0[0], padding: 1).relu()
      let y = (x.conv2d($0[1], padding: 1) + x).relu()
      return y.conv2d($0[2], stride: 2, padding: 1).relu().mean()
    }
  }
}
