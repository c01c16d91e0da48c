import CKernels
import KobaiTensor

/// Where the taps of a sliding window lie: sizes and steps for each spatial dimension, outermost first.
/// Tap k of output o reads input o · stride − padding + k · dilation.
struct WindowGeometry: Hashable, Sendable {
  var input, output, kernel, stride, padding, dilation: [Int]
  /// Padding behind the input; only averages that count it read this.
  var paddingEnd: [Int]

  init(
    input: [Int], output: [Int], kernel: [Int], stride: [Int], padding: [Int], dilation: [Int],
    paddingEnd: [Int]? = nil
  ) {
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.paddingEnd = paddingEnd ?? padding
  }

  /// Windows of two elements in each dimension, side by side.
  static func pairs(_ input: [Int]) -> WindowGeometry {
    let (ones, twos) = (input.map { _ in 1 }, input.map { _ in 2 })
    return WindowGeometry(
      input: input, output: input.map { $0 / 2 }, kernel: twos, stride: twos,
      padding: input.map { _ in 0 }, dilation: ones)
  }

  var rank: Int { input.count }

  /// As kernels take it: three dimensions, the unused ones first.
  var window: kb_window {
    kb_window(
      input: Self.triple(input, 1), output: Self.triple(output, 1), kernel: Self.triple(kernel, 1),
      stride: Self.triple(stride, 1), padding_begin: Self.triple(padding, 0),
      padding_end: Self.triple(paddingEnd, 0), dilation: Self.triple(dilation, 1))
  }

  static func triple(_ sizes: [Int], _ unused: Int) -> (Int, Int, Int) {
    let all = [Int](repeating: unused, count: 3 - sizes.count) + sizes
    return (all[0], all[1], all[2])
  }

  /// Calls `body` with input and output sizes as kernels take them.
  static func withSizes<R>(
    _ input: [Int], _ output: [Int], _ body: (UnsafePointer<Int>, UnsafePointer<Int>) -> R
  ) -> R {
    let ones = [Int](repeating: 1, count: 3 - input.count)
    return body(ones + input, ones + output)
  }
}
