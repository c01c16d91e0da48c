import Kobai
import KobaiTestSupport
import Testing

/// Convolutions against their definition, a sum over taps in float64.
@Suite struct ConvTests {
  /// One element of a convolution of [C, H, W], by its definition.
  private func element(
    _ x: Tensor, _ w: Tensor, _ o: Int, _ row: Int, _ column: Int, stride: Int, padding: Int,
    dilation: Int, groups: Int
  ) -> Double {
    let (xs, ws) = (x.shape, w.shape)
    let (px, pw) = (x.array(as: Double.self), w.array(as: Double.self))
    var sum = 0.0
    let first = o / (ws[0] / groups) * ws[1]
    for c in 0..<ws[1] {
      for i in 0..<ws[2] {
        for j in 0..<ws[3] {
          let (r, s) = (
            row * stride - padding + i * dilation, column * stride - padding + j * dilation
          )
          guard r >= 0, r < xs[1], s >= 0, s < xs[2] else { continue }
          sum +=
            px[((first + c) * xs[1] + r) * xs[2] + s]
            * pw[((o * ws[1] + c) * ws[2] + i) * ws[3] + j]
        }
      }
    }
    return sum
  }

  @Test(arguments: [(1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 1, 2, 2)])
  func definition(_ stride: Int, _ padding: Int, _ dilation: Int, _ groups: Int) {
    var random = RandomSource(seed: 3)
    let x = random.uniform(-1...1, [4, 7, 8])
    let w = random.uniform(-1...1, [6, 4 / groups, 3, 2])
    let y = x.conv2d(w, stride: stride, padding: padding, dilation: dilation, groups: groups)
    let shape = y.shape
    var expected: [Double] = []
    for o in 0..<shape[0] {
      for row in 0..<shape[1] {
        for column in 0..<shape[2] {
          expected.append(
            element(
              x, w, o, row, column, stride: stride, padding: padding, dilation: dilation,
              groups: groups))
        }
      }
    }
    #expect(
      difference(
        y, Tensor(expected, shape: shape, dtype: .float64), .roundings(.float64, 64)) == nil)
  }

  /// ⟨conv(x, w), y⟩ = ⟨x, convTranspose(y, w)⟩.
  @Test func transposedIsTheTranspose() {
    var random = RandomSource(seed: 4)
    let x = random.uniform(-1...1, [2, 4, 6, 7])
    let w = random.uniform(-1...1, [4, 2, 3, 3])
    let y = x.conv2d(w, stride: 2, padding: 1, groups: 2)
    let u = random.direction(like: y)
    // Rows 6 = (3 − 1) · 2 − 2 + 2 + 1 + 1; columns 7 need no output padding.
    let back = u.convTranspose2d(w, stride: 2, padding: 1, outputPadding: [1, 0], groups: 2)
    #expect(back.shape == x.shape)
    let (a, b) = ((y * u).sum().item(), (x * back).sum().item())
    #expect(abs(a - b) < 1e-12 * max(1, abs(a)))
  }

  @Test func samePaddingPutsTheOddOneBehind() {
    let x = Tensor([[1.0, 2, 3]])
    let y = x.conv1d(Tensor([[[1.0, 10]]]), padding: .same)
    #expect(y.array(as: Double.self) == [21, 32, 3])
  }

  @Test func misuses() {
    let (x, w) = (Tensor.ones([1, 2, 5, 5]), Tensor.ones([2, 2, 3, 3]))
    #expect(
      misuseMessage { x.conv2d(w, stride: 2, padding: .same) }?
        .contains("padding='same' is not supported for strided convolutions") == true)
    #expect(
      misuseMessage { x.conv2d(w, stride: [1, 2, 3]) }?.contains("list of 2 values") == true)
    #expect(misuseMessage { x.conv2d(w.to(.float64)) }?.contains("should be the same") == true)
    #expect(misuseMessage { x.conv1d(w) }?.contains("Expected 2D") == true)
    #expect(
      misuseMessage { Tensor.ones([1, 2, 2, 2]).conv2d(w) }?
        .contains("Kernel size can't be greater than actual input size") == true)
    #expect(
      misuseMessage { x.convTranspose2d(w, outputPadding: 1) }?
        .contains("output padding must be smaller") == true)
  }
}
