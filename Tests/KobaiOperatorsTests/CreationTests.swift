import ComplexModule
import Foundation
import Kobai
import KobaiTestSupport
import Testing

@Suite struct CreationTests {
  struct Vectors: Decodable, Sendable {
    struct Case: Decodable, Sendable {
      let call: String
      let integers: Bool
      let arguments: [Double]
      let asked: String?
      let dtype: String
      let shape: [Int]
      let data: String
      let base: Double?
    }
    let cases: [Case]
  }

  /// Lengths, dtypes and integers are PyTorch's; floating point numbers within the last digit, as PyTorch
  /// adds in blocks whose length depends on the machine.
  @Test func sequencesArePyTorchs() throws {
    let vectors: Vectors = try #require(RandomVectors.decode("creation"))
    for row in vectors.cases {
      let a = row.arguments
      let asked = row.asked.flatMap { DType(name: $0) }
      let got: Tensor =
        switch row.call {
        case "arange":
          row.integers
            ? .arange(Int(a[0]), Int(a[1]), Int(a[2]), dtype: asked)
            : .arange(a[0], a[1], a[2], dtype: asked)
        case "linspace": .linspace(a[0], a[1], steps: Int(a[2]), dtype: asked)
        case "logspace":
          .logspace(a[0], a[1], steps: Int(a[2]), base: row.base ?? 10, dtype: asked)
        default: .eye(Int(a[0]), a.count > 1 ? Int(a[1]) : nil, dtype: asked)
        }
      let dtype = try #require(DType(name: row.dtype))
      let data = [UInt8](try #require(Data(base64Encoded: row.data)))
      let expected = Tensor(bytes: data, dtype: dtype, shape: row.shape)
      let largest = expected.to(.complex128).largestFinite
      let slack = dtype.epsilon * (row.call == "logspace" ? 8 : 2)
      let difference = difference(
        got, expected, Tolerance(relative: slack, absolute: slack * Swift.min(largest, 1e9)))
      #expect(difference == nil, "\(row.call)(\(a)) \(row.asked ?? ""): \(difference ?? "")")
    }
  }

  @Test func eachNumberOfARangeIsRoundedOnce() {
    let ranges: [(Double, Double, Double)] = [(0, 1, 0.1), (0, 1000, 0.37), (-7, 7, 0.013)]
    for (start, end, step) in ranges {
      let got = Tensor.arange(start, end, step).array(as: Float.self)
      #expect(got == got.indices.map { Float(start + Double($0) * step) })
    }
    let ends = Tensor.linspace(0.1, 0.7, steps: 31, dtype: .float64).array(as: Double.self)
    #expect(ends.first == 0.1 && ends.last == 0.7)
  }

  @Test func largeIntegersAreExact() {
    let first = 1 << 60 + 1
    #expect(
      Tensor.arange(first, first + 3).array(as: Int.self) == [first, first + 1, first + 2])
    #expect(Tensor.arange(1_000_000).sum().item(as: Int.self) == 499_999_500_000)
    #expect(Tensor.arange(3).dtype == .int64)
    #expect(Tensor.arange(3.0).dtype == .float32)
  }

  @Test func complexEnds() {
    let got = Tensor.linspace(Complex(1.0, 1), 3.0, steps: 3)
    #expect(got.dtype == .complex64)
    #expect(
      got.array(as: Complex<Float>.self) == [Complex(1, 1), Complex(2, 0.5), Complex(3, 0)])
  }

  @Test(arguments: DType.allCases) func constantsInEveryDType(_ dtype: DType) {
    for shape in [[], [3], [2, 0], [2, 3]] as [Shape] {
      let made: [(Tensor, Double)] = [
        (.zeros(shape, dtype: dtype), 0), (.ones(shape, dtype: dtype), 1),
        (.full(shape, 1, dtype: dtype), 1), (.empty(shape, dtype: dtype), 0),
        (Tensor.zeros([4]).newOnes(shape, dtype: dtype), 1),
      ]
      for (tensor, number) in made {
        #expect(tensor.dtype == dtype && tensor.shape == shape)
        #expect(tensor.to(.float64).array(as: Double.self).allSatisfy { $0 == number })
      }
    }
  }

  @Test func dtypesOfNumbers() {
    #expect(Tensor.full([2], 7).dtype == .int64)
    #expect(Tensor.full([2], 7.5).dtype == .float32)
    #expect(Tensor.full([2], true).dtype == .bool)
    #expect(Tensor.full([2], Complex(1.0, 2)).dtype == .complex64)
    #expect(Tensor.full([2], 3.7, dtype: .int64).array(as: Int.self) == [3, 3])
    #expect(Tensor.full([1], -1, dtype: .uint8).array(as: Int.self) == [255])
    #expect(Tensor.full([1], -1.5, dtype: .bool).array(as: Bool.self) == [true])
    #expect(Tensor.full([1], Double.infinity, dtype: .float16).item() == .infinity)
  }

  @Test func likeKeepsTheOrderInMemory() {
    let x = Tensor.zeros([2, 3, 4]).permute(2, 0, 1)
    for y in [Tensor.zeros(like: x), .ones(like: x), .full(like: x, 2), .empty(like: x)] {
      #expect(y.shape == [4, 2, 3] && y.strides == [1, 12, 4])
    }
    #expect(Tensor.ones(like: x.select(dim: 0, index: 1)).isContiguous)
    #expect(Tensor.ones(like: x, dtype: .int8).dtype == .int8)
    #expect(Tensor.emptyPermuted([2, 3, 5], [0, 2, 1]).strides == [15, 1, 3])
  }

  /// The product of sizes is 0 even where that of the others does not fit.
  @Test func nothingOfMuch() {
    let shape = [1 << 40, 1 << 40, 0]
    let x = Tensor.rand(shape)
    #expect(x.shape == shape && x.count == 0)
    #expect(Tensor.randn(like: x).dropout().shape == shape)
    #expect(Tensor.ones(like: x).bernoulli().shape == shape)
  }

  @Test func leaves() {
    for x in [
      Tensor.zeros([2], requiresGrad: true), .arange(0.0, 2, requiresGrad: true),
      .linspace(0, 1, steps: 2, requiresGrad: true), .eye(2, requiresGrad: true),
      .rand([2], requiresGrad: true), .full([2], 2.5, requiresGrad: true),
    ] {
      (x * x).sum().backward()
      #expect(x.isLeaf && x.grad?.bytes == (x * 2).detach().bytes)
    }
  }

  @Test func misusesSayWhatMustHold() {
    let expected: [(() -> Tensor, String)] = [
      ({ .arange(0, 3, 0) }, "step must be nonzero"),
      ({ .arange(0, 64, 0.5, dtype: .int64) }, "step must be nonzero"),
      ({ .arange(0, -3, 2) }, "upper bound and lower bound inconsistent with step sign"),
      ({ .arange(0, Double.infinity, 2) }, "unsupported range: 0 -> inf"),
      ({ .arange(Double.nan) }, "unsupported range: 0 -> nan"),
      ({ .arange(1e20) }, "invalid size, possible overflow"),
      ({ .arange(3, dtype: .complex64) }, "not implemented"),
      ({ .linspace(0, 3, steps: -1) }, "number of steps must be non-negative"),
      ({ .eye(-1) }, "n must be greater or equal to 0, got -1"),
      ({ .eye(0, -3) }, "m must be greater or equal to 0, got -3"),
      ({ .zeros([-1]) }, "Dimension size must be non-negative"),
      ({ .zeros([1 << 40, 1 << 40]) }, "too many elements"),
      (
        { .full([2], 300, dtype: .uint8) },
        "value cannot be converted to type uint8 without overflow"
      ),
      ({ .full([2], 1e39, dtype: .float32) }, "value cannot be converted to type float32"),
      ({ .full([2], Double.nan, dtype: .int32) }, "value cannot be converted to type int32"),
      (
        { .full([2], Complex(1.0, 2), dtype: .float32) },
        "value cannot be converted to type float32 without overflow"
      ),
      ({ .emptyPermuted([2], [0, 1]) }, "Number of dimensions in size does not match"),
      ({ .emptyPermuted([2], [3]) }, "Dimension out of range"),
      ({ .emptyPermuted([2, 3], [0, 0]) }, "Duplicate dim not allowed"),
    ]
    for (body, part) in expected {
      let message = misuseMessage(body) ?? "no misuse"
      #expect(message.contains(part), "\(message)")
    }
  }
}
