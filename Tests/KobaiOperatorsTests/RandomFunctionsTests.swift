import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// Random functions whose numbers depend on memory order, on inputs or on several draws, against PyTorch.
@Suite struct RandomFunctionsTests {
  struct Vectors: Decodable, Sendable {
    struct Case: Decodable, Sendable {
      let name: String
      let seed: Int
      let dtype: String
      let shape: [Int]
      let data: String
      let state: String
    }
    let cases: [Case]
  }

  /// −2, −1.75 … 2, again and again.
  static func x(_ dtype: DType, _ shape: Int...) -> Tensor {
    ((Tensor.arange(shape.reduce(1, *), dtype: .float64) % 17 - 8) / 4).to(dtype).reshape(shape)
  }

  /// Sixteenths in [0, 1), again and again.
  static func p(_ dtype: DType, _ shape: Int...) -> Tensor {
    (Tensor.arange(shape.reduce(1, *), dtype: .float64) % 16 / 16).to(dtype).reshape(shape)
  }

  static func updated(_ x: Tensor, _ body: (inout Tensor) -> Void) -> Tensor {
    var x = x
    body(&x)
    return x
  }

  static func call(_ name: String, _ d: DType, _ g: Generator) -> Tensor? {
    func zeros(_ shape: Int...) -> Tensor { .zeros(shape, dtype: d) }
    switch name {
    case "rand like transposed": return .rand(like: x(d, 4, 6).t(), generator: g)
    case "randn like transposed": return .randn(like: x(d, 4, 6).t(), generator: g)
    case "randn like permuted": return .randn(like: x(d, 3, 4, 5).permute(1, 2, 0), generator: g)
    case "randn like sliced":
      return .randn(like: x(d, 6, 4, 2).select(dim: 2, index: 0), generator: g)
    case "rand like expanded": return .rand(like: x(d, 3, 1).expand([3, 4]), generator: g)
    case "rand like expanded transposed":
      return .rand(like: x(d, 3, 1, 2).expand([3, 4, 2]).permute(2, 1, 0), generator: g)
    case "normal_ on slice":
      return updated(x(d, 6, 4, 2).select(dim: 2, index: 0)) {
        $0.normal_(mean: 1, std: 2, generator: g)
      }
    case "normal_ on transposed":
      return updated(x(d, 6, 8).t()) { $0.normal_(mean: 1, std: 2, generator: g) }
    case "normal_ on contiguous":
      return updated(x(d, 6, 8)) { $0.normal_(mean: 1, std: 2, generator: g) }
    case "bernoulli transposed": return p(d, 4, 6).t().bernoulli(generator: g)
    case "bernoulli_ tensor on int64":
      return updated(.zeros([3, 6], dtype: .int64)) { $0.bernoulli_(p(d, 6), generator: g) }
    case "bernoulli_ tensor on transposed":
      return updated(Tensor.zeros([6, 3], dtype: .float64).t()) {
        $0.bernoulli_(p(d, 3, 6), generator: g)
      }
    case "bernoulli p": return x(d, 5).bernoulli(p: 0.25, generator: g)
    case "bernoulli p transposed": return x(d, 4, 5).t().bernoulli(p: 0.25, generator: g)
    case "dropout": return x(d, 4, 6).dropout(p: 0.3, generator: g)
    case "dropout transposed": return x(d, 4, 6).t().dropout(p: 0.3, generator: g)
    case "dropout1d": return x(d, 2, 5, 3).dropout1d(p: 0.4, generator: g)
    case "dropout1d single": return x(d, 5, 3).dropout1d(p: 0.4, generator: g)
    case "dropout2d": return x(d, 2, 5, 3, 2).dropout2d(p: 0.4, generator: g)
    case "dropout2d of rank 3": return x(d, 5, 3, 2).dropout2d(p: 0.4, generator: g)
    case "dropout3d": return x(d, 2, 5, 1, 3, 2).dropout3d(p: 0.4, generator: g)
    case "dropout3d single": return x(d, 5, 1, 3, 2).dropout3d(p: 0.4, generator: g)
    case "alphaDropout": return x(d, 4, 6).alphaDropout(p: 0.3, training: true, generator: g)
    case "featureAlphaDropout":
      return x(d, 2, 5, 3).featureAlphaDropout(p: 0.3, training: true, generator: g)
    case "rrelu":
      return x(d, 4, 6).rrelu(lower: 0.1, upper: 0.6, training: true, generator: g)
    case "rrelu transposed":
      return x(d, 4, 6).t().rrelu(lower: 0.1, upper: 0.6, training: true, generator: g)
    case "rrelu evaluated": return x(d, 4, 6).rrelu(lower: 0.25, upper: 0.5, generator: g)
    case "exponential_ on transposed":
      return updated(x(d, 4, 6).t()) { $0.exponential_(rate: 2.5, generator: g) }
    case "poisson transposed": return (p(d, 4, 6) * 20).t().poisson(generator: g)
    case "randint like": return .randint(-5, 50, like: x(d, 4, 6).t(), generator: g)
    case "multinomial": return (p(d, 4, 6) + 0.25).multinomial(3, generator: g)
    case "multinomial transposed": return (p(d, 6, 4) + 0.25).t().multinomial(3, generator: g)
    case "multinomial transposed with replacement":
      return (p(d, 6, 4) + 0.25).t().multinomial(9, replacement: true, generator: g)
    case "normal of tensors": return .normal(mean: x(d, 4, 1), std: p(d, 6), generator: g)
    case "normal of mean tensor": return .normal(mean: x(d, 4, 6), std: 2, generator: g)
    case "normal of std tensor": return .normal(mean: 3, std: p(d, 4, 6), generator: g)
    case "standardGamma": return (p(d, 4, 6).t() * 5 + 0.125).standardGamma(generator: g)
    case "gumbelSoftmax hard": return x(d, 4, 6).gumbelSoftmax(tau: 0.5, hard: true, generator: g)
    case "randn": return .randn([5], dtype: d, generator: g)
    case "randn long": return .randn([20], dtype: d, generator: g)
    case "rand": return .rand([5], dtype: d, generator: g)
    case "normal_": return updated(zeros(9)) { $0.normal_(std: 2, generator: g) }
    case "uniform_": return updated(zeros(4, 2).t()) { $0.uniform_(from: -1, to: 3, generator: g) }
    case "random_ transposed": return updated(zeros(4, 6).t()) { $0.random_(generator: g) }
    case "random_ up to": return updated(zeros(7)) { $0.random_(100, generator: g) }
    case "geometric_": return updated(zeros(7)) { $0.geometric_(0.4, generator: g) }
    case "bernoulli_": return updated(zeros(7)) { $0.bernoulli_(0.4, generator: g) }
    default: return nil
    }
  }

  @Test func numbersArePyTorchs() throws {
    let vectors: Vectors = try #require(RandomVectors.decode("random-more"))
    for row in vectors.cases {
      let words = row.name.split(separator: " ")
      let dtype = try #require(DType(name: String(words[words.count - 1])))
      let generator = Generator(seed: row.seed)
      _ = Tensor.randn([1], generator: generator)
      let result = try #require(
        Self.call(words.dropLast().joined(separator: " "), dtype, generator), "\(row.name)")
      #expect(result.shape == row.shape, "\(row.name)")
      #expect(result.dtype.description == row.dtype, "\(row.name)")
      let expected = [UInt8](try #require(Data(base64Encoded: row.data)))
      #expect(
        result.bytes == expected,
        "\(row.name): \(result), expected \(Tensor(bytes: expected, dtype: result.dtype, shape: row.shape))"
      )
      #expect(RandomVectors.fnv(generator.state) == row.state, "\(row.name): state")
    }
  }

  @Test func generatorsAreSeparateStreams() {
    let (a, b) = (Generator(seed: 5), Generator(seed: 5))
    let first = Tensor.rand([4], generator: a)
    _ = Tensor.rand([100], generator: Generator(seed: 6))
    #expect(Tensor.rand([4], generator: b).bytes == first.bytes)
    #expect(Tensor.rand([4], generator: b).bytes != first.bytes)
  }

  @Test func copiesOfAGeneratorAreOneStream() {
    let a = Generator(seed: 5)
    let b = a
    let whole = Tensor.rand([8], generator: Generator(seed: 5)).array(as: Float.self)
    let parts =
      Tensor.rand([4], generator: a).array(as: Float.self)
      + Tensor.rand([4], generator: b).array(as: Float.self)
    #expect(parts == whole)
  }

  @Test func aStateIsRestored() throws {
    let generator = Generator(seed: 8)
    _ = Tensor.randn([700], generator: generator)
    let state = generator.state
    let first = Tensor.randn([5], dtype: .float64, generator: generator)
    try generator.setState(state)
    #expect(Tensor.randn([5], dtype: .float64, generator: generator).bytes == first.bytes)
    #expect(throws: GeneratorStateError.self) { try generator.setState([1, 2, 3]) }
    #expect(throws: GeneratorStateError.self) {
      try generator.setState(.init(repeating: 0, count: 5056))
    }
  }

  @Test func emptyTensorsDrawNothing() {
    let generator = Generator(seed: 8)
    let state = generator.state
    var x = Tensor.zeros([0, 3])
    x.normal_(generator: generator)
    _ = Tensor.rand([2, 0], generator: generator)
    _ = x.dropout(generator: generator)
    _ = Tensor.ones([3]).dropout(p: 0, generator: generator)
    _ = Tensor.ones([3]).dropout(p: 1, generator: generator)
    #expect(generator.state == state)
  }

  @Test func leavesAreReplacedUnderNoGradOnly() {
    var weight = Tensor.zeros([2, 3], requiresGrad: true)
    let name = weight
    let message = misuseMessage { weight.normal_(generator: Generator(seed: 1)) }
    #expect(message?.contains("a leaf Variable that requires grad") == true)
    #expect(name.array(as: Float.self) == [0, 0, 0, 0, 0, 0])
    noGrad { weight.normal_(generator: Generator(seed: 1)) }
    #expect(name.bytes == Tensor.randn([2, 3], generator: Generator(seed: 1)).bytes)
    #expect(weight.requiresGrad && weight.isLeaf)
  }

  @Test func othersKeepWhatTheyHad() {
    var x = Tensor.zeros([4])
    let y = x
    x.uniform_(generator: Generator(seed: 1))
    #expect(y.array(as: Float.self) == [0, 0, 0, 0])
  }

  @Test func nothingFlowsThroughANewDraw() {
    let x = Tensor.ones([3], requiresGrad: true)
    var y = x * 2
    y.normal_(generator: Generator(seed: 1))
    y.sum().backward()
    #expect(x.grad?.array(as: Float.self) == [0, 0, 0])
    let z = Tensor([0.2, 0.7], requiresGrad: true)
    z.bernoulli(generator: Generator(seed: 1)).sum().backward()
    #expect(z.grad?.array(as: Float.self) == [0, 0])
  }

  @Test func misusesSayWhatMustHold() {
    func message(_ body: (inout Tensor) -> Void) -> String {
      var x = Tensor.zeros([10])
      return misuseMessage { body(&x) } ?? ""
    }
    let expected: [(String, String)] = [
      (message { $0.normal_(std: -1) }, "normal expects std >= 0.0, but found std -1"),
      (
        message { $0.uniform_(from: 3, to: -1) },
        "uniform_ expects to return a [from, to) range, but found from=3 > to=-1"
      ),
      (message { $0.uniform_(from: 0, to: 1e39) }, "to is out of bounds for float32"),
      (message { $0.uniform_(from: -3e38, to: 3e38) }, "to exceed the limit"),
      (
        message { $0.exponential_(rate: 0) },
        "exponential_ expects lambda > 0.0, but found lambda=0"
      ),
      (message { $0.geometric_(-1) }, "geometric_ expects p to be in (0, 1), but got p=-1"),
      (message { $0.cauchy_(sigma: 0) }, "cauchy_ expects sigma > 0.0, but found sigma=0"),
      (
        message { $0.logNormal_(mean: 0, std: 0) }, "log_normal_ expects std > 0.0, but found std=0"
      ),
      (message { $0.bernoulli_(1.5) }, "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
      (message { $0.bernoulli_(Tensor([1, 0])) }, "probabilities tensor to have floating type"),
      (message { $0.bernoulli_(Tensor([0.5, 0.5])) }, "10"),
      (
        message { $0.random_(5, 3) },
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=3"
      ),
      (
        message {
          $0 = $0.to(.uint8); $0.random_(0, 257)
        }, "to - 1 is out of bounds for uint8"
      ),
      (
        message {
          $0 = $0.to(.uint8); $0.random_(-1, 5)
        }, "from is out of bounds for uint8"
      ),
      (
        message {
          $0 = $0.to(.int64); $0.normal_()
        }, "not implemented for int64"
      ),
      (
        message {
          $0 = $0.to(.int64); $0.exponential_()
        }, "is a continuous probability distribution"
      ),
      (
        message { _ = $0.rrelu(lower: 0.3, upper: 0.1) }, "Lower bound should be less than or equal"
      ),
      (
        message { _ = $0.dropout(p: 1.5) },
        "dropout probability has to be between 0 and 1, but got 1.5"
      ),
      (message { _ = $0.dropout1d() }, "Expected 2D or 3D input, but received a 1D input"),
      (
        message { _ = ($0 - 1).poisson() }, "invalid Poisson rate, expected rate to be non-negative"
      ),
      (message { _ = Tensor.normal(mean: $0, std: -1 - $0) }, "all elements of std >= 0.0"),
      (
        message { _ = $0.multinomial(3) },
        "probability tensor contains either `inf`, `nan` or element < 0"
      ),
      (message { _ = $0.multinomial(11) }, "cannot sample n_sample > prob_dist"),
    ]
    for (message, part) in expected { #expect(message.contains(part), "\(message)") }
  }
}
