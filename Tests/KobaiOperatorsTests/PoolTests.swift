import Kobai
import KobaiTestSupport
import Testing

@Suite struct PoolTests {
  @Test func largestElementsAndTheirPlaces() {
    let x = Tensor([[[1.0, 5, 2], [4, 3, 6], [7, 0, 8]]])
    let (values, indices) = x.maxPool2dWithIndices(kernelSize: 2, stride: 1)
    #expect(values.array(as: Double.self) == [5, 6, 7, 8])
    #expect(indices.array(as: Int.self) == [1, 5, 6, 8])
  }

  @Test func nanWinsAndTiesGoToTheFirst() {
    let x = Tensor([[1.0, .nan, 2, 2]], requiresGrad: true)
    let y = x.maxPool1d(kernelSize: 2)
    #expect(y.array(as: Double.self)[0].isNaN)
    y.sum().backward()
    #expect(x.grad?.array(as: Double.self) == [0, 1, 1, 0])
  }

  /// Few distinct values, which make ties; some are not finite.
  private func tied(_ shape: [Int], _ dtype: DType) -> Tensor {
    var random = RandomSource(seed: 21)
    var elements = random.uniform(-2...2, shape).round().array(as: Float.self)
    for i in stride(from: 0, to: elements.count, by: 7) {
      elements[i] = [.nan, -.infinity, .infinity, -0.0][i / 7 % 4]
    }
    return Tensor(elements, shape: shape).to(dtype).asState(requiresGrad: true)
  }

  /// Windows that do not overlap are done several at a time; the form with indices is not.
  @Test(arguments: [[4, 4], [5, 7], [2, 33], [6, 16], [7, 75], [1, 4], [3, 1]])
  func pairsAgreeWithThePositions(_ shape: [Int]) {
    let x = tied([3] + shape, .float32)
    guard shape[0] > 1, shape[1] > 1 else {
      #expect(misuseMessage { x.maxPool2d(kernelSize: 2) } != nil)
      return
    }
    agree(x, [2, 2, 0, 1])
  }

  /// The form without indices notes a number in each window instead, unless windows are large.
  @Test(arguments: [
    [3, 1, 1, 1], [3, 2, 1, 1], [3, 3, 0, 1], [2, 1, 0, 1], [2, 3, 1, 1], [5, 1, 2, 1],
    [3, 2, 1, 3], [15, 4, 3, 1], [16, 1, 8, 1],
  ])
  func numbersAgreeWithThePositions(_ window: [Int]) {
    for dtype in [DType.float32, .float64, .bfloat16] {
      for shape in [[9, 4, 18, 21], [2, 19, 70]] { agree(tied(shape, dtype), window) }
    }
  }

  /// - Parameter window: size, stride, padding and dilation.
  private func agree(_ x: Tensor, _ window: [Int]) {
    func pool(_ x: Tensor) -> Tensor {
      x.maxPool2d(
        kernelSize: window[0], stride: window[1], padding: window[2], dilation: window[3])
    }
    let values = pool(x)
    let (expected, indices) = x.maxPool2dWithIndices(
      kernelSize: window[0], stride: window[1], padding: window[2], dilation: window[3])
    #expect(difference(values.detach(), expected.detach()) == nil)
    #expect(difference(pool(x.detach()), expected.detach()) == nil)
    #expect(indices.dtype == .int64)
    var random = RandomSource(seed: 22)
    // Halves and eighths: sums in any order are exact.
    let dy = (random.uniform(-8...8, values.shape).round() / 8).to(x.dtype)
    let got = Tensor.gradients(of: [values], wrt: [x], gradients: [dy])[0]
    let wanted = Tensor.gradients(of: [expected], wrt: [x], gradients: [dy])[0]
    guard let got, let wanted else {
      Issue.record("a gradient is missing")
      return
    }
    #expect(difference(got, wanted) == nil)
    let tangent = (random.uniform(-8...8, x.shape).round() / 8).to(x.dtype)
    let places = indices.flatten(startDim: -2)
    let chosen = tangent.flatten(startDim: -2).gather(dim: -1, index: places)
    #expect(
      difference(jvp(pool, x.detach(), tangent).tangent, chosen.reshape(values.shape)) == nil)
  }

  @Test func ceilModeDropsWindowsThatStartInThePadding() {
    #expect(
      Tensor.ones([1, 5]).maxPool1d(kernelSize: 2, stride: 2, ceilMode: true).shape == [1, 3])
    #expect(
      Tensor.ones([1, 4]).maxPool1d(kernelSize: 2, stride: 3, padding: 1, ceilMode: true).shape
        == [1, 2])
  }

  @Test func whatAMeanDividesBy() {
    let x = Tensor.ones([1, 1, 3, 3])
    let counted = x.avgPool2d(kernelSize: 3, stride: 2, padding: 1)
    #expect(counted.array(as: Float.self).allSatisfy { abs($0 - 4 / 9) < 1e-6 })
    let uncounted = x.avgPool2d(kernelSize: 3, stride: 2, padding: 1, countIncludePad: false)
    #expect(uncounted.array(as: Float.self) == [1, 1, 1, 1])
    #expect(x.avgPool2d(kernelSize: 3, divisorOverride: 2).item() == 4.5)
  }

  @Test func adaptiveWindowsOverlap() {
    let x = Tensor([[1.0, 2, 3, 4, 5]])
    #expect(x.adaptiveAvgPool1d(outputSize: 3).array(as: Double.self) == [1.5, 3, 4.5])
    #expect(x.adaptiveMaxPool1d(outputSize: 3).array(as: Double.self) == [2, 4, 5])
    #expect(
      Tensor.ones([2, 3, 4, 5]).adaptiveAvgPool2d(outputSize: [nil, 2]).shape == [2, 3, 4, 2])
  }

  @Test func misuses() {
    let x = Tensor.ones([1, 1, 4, 4])
    #expect(
      misuseMessage { x.maxPool2d(kernelSize: 2, padding: 2) }?
        .contains("pad should be at most half of effective kernel size") == true)
    #expect(
      misuseMessage { x.avgPool2d(kernelSize: 2, divisorOverride: 0) }?
        .contains("divisor must be not zero") == true)
    #expect(misuseMessage { x.maxPool2d(kernelSize: 5) }?.contains("too small") == true)
    #expect(misuseMessage { x.maxPool2d(kernelSize: 0) }?.contains("greater than zero") == true)
    #expect(
      misuseMessage { x.adaptiveAvgPool2d(outputSize: [-1, 0]) }?
        .contains("must be greater than or equal to 0") == true)
  }
}
