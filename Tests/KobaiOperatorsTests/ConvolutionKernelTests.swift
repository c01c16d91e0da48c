import Kobai
import KobaiTestSupport
import Testing

/// The ways in which convolutions of float32 are computed, against float64, which has one.
@Suite struct ConvolutionKernelTests {
  struct Shape: Sendable, CustomStringConvertible {
    let input, weight: [Int]
    var stride = 1
    var padding = 0
    var dilation = 1
    var groups = 1
    var description: String { "\(input) ⋆ \(weight)" }
  }

  /// 3 × 3 with many channels: whole tiles, ragged ones, several images in a block, wide rows, padding.
  static let tiled = [
    Shape(input: [3, 32, 16, 16], weight: [32, 32, 3, 3], padding: 1),
    Shape(input: [9, 33, 12, 20], weight: [37, 33, 3, 3], padding: 1),
    Shape(input: [2, 32, 33, 17], weight: [40, 32, 3, 3]),
    Shape(input: [1, 64, 9, 150], weight: [32, 32, 3, 3], padding: 1, groups: 2),
  ]

  /// One channel for each group: rows shorter than a vector, between two, and longer than a part.
  static let depthwise = [
    Shape(input: [2, 9, 7, 5], weight: [9, 1, 3, 3], padding: 1, groups: 9),
    Shape(input: [3, 4, 20, 37], weight: [8, 1, 3, 3], stride: 2, padding: 1, groups: 4),
    Shape(input: [2, 3, 100, 61], weight: [3, 1, 5, 3], padding: 2, dilation: 2, groups: 3),
    Shape(input: [1, 2, 3, 2100], weight: [4, 1, 1, 7], padding: 3, groups: 2),
    Shape(input: [2, 10, 6, 6], weight: [10, 1, 2, 2], stride: 3, groups: 10),
  ]

  /// Staged with a stride.
  static let strided = [
    Shape(input: [2, 6, 15, 22], weight: [12, 6, 3, 3], stride: 2, padding: 1),
    Shape(input: [2, 3, 31, 9], weight: [8, 3, 7, 7], stride: 2, padding: 3),
    Shape(input: [2, 4, 14, 14], weight: [6, 4, 3, 2], stride: 3, padding: 1, dilation: 2),
  ]

  @Test(arguments: tiled + depthwise + strided)
  func agreesWithFloat64(_ shape: Shape) {
    var random = RandomSource(seed: 11)
    let x = random.uniform(-1...1, shape.input)
    let w = random.uniform(-1...1, shape.weight)
    let bias = random.uniform(-1...1, [shape.weight[0]])

    /// The result and the gradients of its product with a fixed tensor.
    func run(_ dtype: DType) -> [Tensor] {
      let inputs = [x, w, bias].map { $0.to(dtype).asState(requiresGrad: true) }
      let y = inputs[0].conv2d(
        inputs[1], bias: inputs[2], stride: shape.stride, padding: shape.padding,
        dilation: shape.dilation, groups: shape.groups)
      let dy = RandomSource.fixed(y.shape).to(dtype)
      y.backward(gradient: dy)
      return [y.detach()] + inputs.compactMap(\.grad)
    }
    let (narrow, wide) = (run(.float32), run(.float64))
    #expect(narrow.count == 4 && wide.count == 4)
    for (name, (got, expected)) in zip(["y", "dx", "dw", "db"], zip(narrow, wide)) {
      // Errors grow with the root of the number of terms, as the results do.
      let size = (expected * expected).mean().sqrt().item()
      let found = difference(
        got, expected, Tolerance(relative: 1e-5, absolute: 2e-5 * size), checkDType: false)
      #expect(found == nil, "\(name) of \(shape)")
    }
  }

  @Test func theBiasMayBeAllThatIsTracked() {
    let x = Tensor.ones([1, 1, 3, 3])
    let bias = Tensor.zeros([2]).asState(requiresGrad: true)
    x.conv2d(Tensor.ones([2, 1, 2, 2]), bias: bias).sum().backward()
    #expect(bias.grad?.array(as: Double.self) == [4, 4])
  }

  @Test func aLinearLayersGradientLiesLikeItsWeight() {
    let weight = Tensor.ones([3, 5]).asState(requiresGrad: true)
    linear(Tensor.ones([2, 4, 5]), weight: weight).sum().backward()
    #expect(weight.grad?.isContiguous == true)
    #expect(weight.grad?.array(as: Double.self) == Array(repeating: 8, count: 15))
  }
}

extension RandomSource {
  /// The same numbers for the same shape.
  fileprivate static func fixed(_ shape: [Int]) -> Tensor {
    var random = RandomSource(seed: 12)
    return random.uniform(-1...1, shape)
  }
}
