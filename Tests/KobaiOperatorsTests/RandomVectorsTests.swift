import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// PyTorch's numbers, bit for bit, and its generator's state, byte for byte.
@Suite(.ownGenerator) struct RandomVectorsTests {
  @Test func engines() throws {
    let vectors = try #require(RandomVectors.all)
    for row in vectors.engine {
      let generator = Generator(seed: row.seed.value)
      #expect(generator.initialSeed == row.seed.value)
      #expect(RandomVectors.fnv(generator.state) == row.seeded, "seed \(row.seed.value)")
      // int32 takes each word modulo 2³¹.
      var words = Tensor.zeros([row.words.count], dtype: .int32)
      words.random_(generator: generator)
      #expect(words.array(as: Int.self) == row.words.map { $0 & 0x7FFF_FFFF })
      generator.manualSeed(row.seed.value)
      _ = Tensor.randn([3], generator: generator)
      #expect(RandomVectors.fnv(generator.state) == row.drawn, "seed \(row.seed.value)")
    }
  }

  @Test func stateOf5056Bytes() throws {
    let vectors = try #require(RandomVectors.all)
    let state = try #require(Data(base64Encoded: vectors.state))
    let generator = Generator(seed: 42)
    _ = Tensor.randn([3], generator: generator)
    #expect(generator.state == [UInt8](state))
    // A generator that takes the state goes on in the same way, cached normal included.
    let other = Generator()
    try other.setState([UInt8](state))
    #expect(other.initialSeed == 42)
    let (a, b) = (Tensor.randn([5], generator: generator), Tensor.randn([5], generator: other))
    #expect(a.bytes == b.bytes)
  }

  @Test func laws() throws {
    let vectors = try #require(RandomVectors.all)
    for row in vectors.ops {
      let generator = Generator(seed: try #require(row.seed).value)
      let (op, dtype) = (try #require(row.op), RandomVectors.dtype(try #require(row.dtype)))
      let result = try #require(Self.call(op, dtype, row.arg_n ?? row.n, generator), "\(op)")
      let difference = row.difference(result, generator)
      #expect(
        difference == nil,
        "\(op) \(dtype), \(row.n) elements, seed \(generator.initialSeed): \(difference ?? "")")
    }
  }

  /// A law by the name that the vectors have for it.
  static func call(_ op: String, _ dtype: DType, _ n: Int, _ g: Generator) -> Tensor? {
    var x = Tensor.zeros([n], dtype: dtype)
    switch op {
    case "rand": return .rand([n], dtype: dtype, generator: g)
    case "randn": return .randn([n], dtype: dtype, generator: g)
    case "randperm": return .randperm(n, dtype: dtype, generator: g)
    case "uniform_(-0.3333,0.12345)": x.uniform_(from: -0.3333, to: 0.12345, generator: g)
    case "normal_(2,3)": x.normal_(mean: 2, std: 3, generator: g)
    case "normal_(0.5,2) on empty(n,3)[:,1]":
      x = Tensor.zeros([n, 3], dtype: dtype).select(dim: 1, index: 1)
      x.normal_(mean: 0.5, std: 2, generator: g)
    case "random_()": x.random_(generator: g)
    case "random_(0,10)": x.random_(10, generator: g)
    case "random_(-5,100)": x.random_(-5, 100, generator: g)
    case "random_(0,2^28-1)": x.random_(1 << 28 - 1, generator: g)
    case "random_(0,2^28)": x.random_(1 << 28, generator: g)
    case "random_(0,2^32)": x.random_(1 << 32, generator: g)
    case "random_(-2^62,2^62+5)": x.random_(-(1 << 62), 1 << 62 + 5, generator: g)
    case "random_(17,none)": x.random_(17, nil, generator: g)
    case "random_(-2^63,none)": x.random_(.min, nil, generator: g)
    case "bernoulli_(0.3)": x.bernoulli_(0.3, generator: g)
    case "bernoulli(full(n,0.3))":
      return Tensor.full([n], 0.3, dtype: dtype).bernoulli(generator: g)
    case "exponential_(1.7)": x.exponential_(rate: 1.7, generator: g)
    case "geometric_(0.3)": x.geometric_(0.3, generator: g)
    case "cauchy_(1.7,0.3)": x.cauchy_(median: 1.7, sigma: 0.3, generator: g)
    case "log_normal_(1.7,0.3)": x.logNormal_(mean: 1.7, std: 0.3, generator: g)
    case "trunc_normal_(0,1,-2,2)": x.truncNormal_(generator: g)
    case "trunc_normal_(0,1,1,3)": x.truncNormal_(a: 1, b: 3, generator: g)
    case "dropout(ones,0.3)":
      return Tensor.ones([n], dtype: dtype).dropout(p: 0.3, generator: g)
    case "poisson(arange(n)/4)":
      return (Tensor.arange(n, dtype: dtype) / 4).poisson(generator: g)
    case let op where op.hasPrefix("multinomial(1+arange(n)%7,"):
      let weights = (Tensor.arange(n) % 7 + 1).to(dtype)
      let arguments = op.split(separator: ",")
      guard let samples = Int(arguments[1]) else { return nil }
      return weights.multinomial(samples, replacement: arguments[2] == "true)", generator: g)
    default: return nil
    }
    return x
  }

  /// One stream through many samplers, dtypes and sizes.
  @Test func sequences() throws {
    let vectors = try #require(RandomVectors.all)
    let calls: [String: (Generator) -> Tensor] = [
      "rand(5)": { .rand([5], generator: $0) },
      "randn(3)": { .randn([3], generator: $0) },
      "randint(0,9,7)": { .randint(9, [7], generator: $0) },
      "randn(20)": { .randn([20], generator: $0) },
      "randn(2)": { .randn([2], generator: $0) },
      "rand(3) f64": { .rand([3], dtype: .float64, generator: $0) },
      "exponential_(1) 4": {
        var x = Tensor.zeros([4])
        x.exponential_(generator: $0)
        return x
      },
      "randperm(6)": { .randperm(6, generator: $0) },
      "randn(33)": { .randn([33], generator: $0) },
      "log_normal_(1,2) 5": {
        var x = Tensor.zeros([5])
        x.logNormal_(generator: $0)
        return x
      },
      "randn(1) f64": { .randn([1], dtype: .float64, generator: $0) },
      "dropout(ones(9),0.4)": { Tensor.ones([9]).dropout(p: 0.4, generator: $0) },
      // The initial weight and bias of a linear layer.
      "Linear(4,3).weight": {
        let gain = (2 / (1 + Double(5).squareRoot() * Double(5).squareRoot())).squareRoot()
        let bound = Double(3).squareRoot() * (gain / 2)
        var (weight, bias) = (Tensor.zeros([3, 4]), Tensor.zeros([3]))
        weight.uniform_(from: -bound, to: bound, generator: $0)
        bias.uniform_(from: -0.5, to: 0.5, generator: $0)
        return weight
      },
      "randn(6,5) transposed out": {
        var x = Tensor.zeros([6, 5]).t()
        x.normal_(generator: $0)
        return x
      },
      "multinomial(ones(9),4)": { Tensor.ones([9]).multinomial(4, generator: $0) },
      "randn(17) bf16": { .randn([17], dtype: .bfloat16, generator: $0) },
      "rand(1)": { .rand([1], generator: $0) },
    ]
    for sequence in vectors.sequence {
      let generator = Generator(seed: sequence.seed.value)
      for row in sequence.calls {
        let name = try #require(row.call)
        let call = try #require(calls[name], "\(name)")
        let difference = row.difference(call(generator), generator)
        #expect(difference == nil, "\(name), seed \(generator.initialSeed): \(difference ?? "")")
      }
    }
  }

  @Test func permutations() throws {
    let vectors = try #require(RandomVectors.all)
    for row in vectors.randperm {
      for expected in [row.one, row.two, row.ten] {
        let drawn = Tensor.randperm(expected.count, generator: Generator(seed: row.seed.value))
        #expect(drawn.array(as: Int.self) == expected)
      }
      for expected in [row.hundred, row.thousand, row.many] {
        let drawn = Tensor.randperm(expected.n, generator: Generator(seed: row.seed.value))
        #expect(expected.difference(drawn, nil) == nil, "\(expected.n), seed \(row.seed.value)")
      }
    }
  }
}
