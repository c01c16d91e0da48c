import Kobai
import KobaiTestSupport
import Testing

/// Operations of several steps pass over large arrays in another way than over small ones: the bits are
/// the same.
@Suite struct LargeActivationTests {
  /// More than go block by block, with a rest that fills no register.
  private let rows = 37
  private let columns = 701

  private func points(_ dtype: DType) -> Tensor {
    var source = RandomSource(seed: 7)
    let special: [Double] = [.nan, .infinity, -.infinity, 0, -0.0, 3, -3, 1, -1, 6]
    let values = (0..<rows * columns).map { i in
      i % 13 == 0 ? special[i / 13 % special.count] : Double.random(in: -8...8, using: &source)
    }
    return Tensor(values, dtype: dtype).reshape([rows, columns])
  }

  private func bits(_ x: Tensor) -> [UInt64] {
    x.to(.float64).array(as: Double.self).map { $0.isNaN ? 0 : $0.bitPattern }
  }

  private static let activations: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("leakyRelu", { $0.leakyRelu(negativeSlope: 0.1) }),
    ("hardswish", { $0.hardswish() }),
    ("hardsigmoid", { $0.hardsigmoid() }),
    ("relu6", { $0.relu6() }),
    ("hardtanh", { $0.hardtanh(minVal: -2, maxVal: 5) }),
    ("clamp", { $0.clamp(min: -1, max: 2) }),
    ("softshrink", { $0.softshrink(lambda: 0.5) }),
    ("hardshrink", { $0.hardshrink(lambda: 0.5) }),
    ("threshold", { $0.threshold(1, value: 7) }),
    (
      "smoothL1Loss",
      { smoothL1Loss($0, Tensor.zeros(like: $0), reduction: .none, beta: 0.5) }
    ),
  ]

  @Test(arguments: [DType.float32, .float64, .float16, .bfloat16], 0..<activations.count)
  func largeArraysAndTheirRowsAgree(_ dtype: DType, _ number: Int) {
    let (name, f) = Self.activations[number]
    let x = points(dtype)
    let whole = f(x)
    #expect(bits(whole) == bits(cat((0..<rows).map { f(x[$0].clone()) })), "\(name)")
    #expect(bits(f(x.t()).t()) == bits(whole), "\(name) of a transposed array")

    func gradient(_ x: Tensor) -> Tensor {
      var x = x.detach().clone()
      x.requiresGrad = true
      let y = f(x)
      y.backward(gradient: Tensor.full(y.shape, 1.5, dtype: dtype))
      return x.grad ?? .zeros([0])
    }
    #expect(
      bits(gradient(x)) == bits(cat((0..<rows).map { gradient(x[$0]) })), "gradient of \(name)")
  }
}
