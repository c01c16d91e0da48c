import KobaiTensor

extension Tensor {
  /// The transpose of a convolution as a linear map, also called deconvolution: what `conv1d` with the
  /// same arguments has for its gradient.
  ///
  ///     Tensor([[[1.0, 2]]]).convTranspose1d(Tensor([[[1.0, 1]]]), stride: 2)   // tensor([[[1., 1., 2., 2.]]])
  ///
  /// - Parameters:
  ///   - weight: [C, O/groups, K].
  ///   - bias: [O].
  ///   - padding: cut off from both sides of the full result, which adds dilation · (K − 1) − padding.
  ///   - outputPadding: added to one side of the result; less than stride or dilation.
  /// - Returns: [N, O, L] of size (in − 1) · stride − 2 padding + dilation · (K − 1) + outputPadding + 1.
  public func convTranspose1d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    dilation: any PerDimension = 1
  ) -> Tensor {
    convolvedTransposed(
      "convTranspose1d", 1, weight, bias, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, dilation: dilation)
  }

  /// The transpose of `conv2d` as a linear map; see `convTranspose1d`.
  ///
  ///     Tensor.ones([1, 3, 8, 8]).convTranspose2d(Tensor.ones([3, 6, 4, 4]), stride: 2, padding: 1).shape
  ///     // [1, 6, 16, 16]
  ///
  /// - Parameters:
  ///   - weight: [C, O/groups, KH, KW].
  ///   - bias: [O].
  ///   - padding: cut off from both sides of the full result, which adds dilation · (K − 1) − padding.
  ///   - outputPadding: added to one side of the result; less than stride or dilation.
  /// - Returns: [N, O, H, W] of size (in − 1) · stride − 2 padding + dilation · (K − 1) + outputPadding + 1.
  public func convTranspose2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    dilation: any PerDimension = 1
  ) -> Tensor {
    convolvedTransposed(
      "convTranspose2d", 2, weight, bias, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, dilation: dilation)
  }

  /// The transpose of `conv3d` as a linear map; see `convTranspose1d`.
  ///
  ///     Tensor.ones([1, 2, 2, 2, 2]).convTranspose3d(Tensor.ones([2, 1, 2, 2, 2]), stride: 2).shape
  ///     // [1, 1, 4, 4, 4]
  ///
  /// - Parameters:
  ///   - weight: [C, O/groups, KD, KH, KW].
  ///   - bias: [O].
  ///   - padding: cut off from both sides of the full result, which adds dilation · (K − 1) − padding.
  ///   - outputPadding: added to one side of the result; less than stride or dilation.
  /// - Returns: [N, O, D, H, W] of size (in − 1) · stride − 2 padding + dilation · (K − 1) + outputPadding + 1.
  public func convTranspose3d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    dilation: any PerDimension = 1
  ) -> Tensor {
    convolvedTransposed(
      "convTranspose3d", 3, weight, bias, stride: stride, padding: padding,
      outputPadding: outputPadding, groups: groups, dilation: dilation)
  }

  private func convolvedTransposed(
    _ name: String, _ rank: Int, _ weight: Tensor, _ bias: Tensor?, stride: any PerDimension,
    padding: any PerDimension, outputPadding: any PerDimension, groups: Int,
    dilation: any PerDimension
  ) -> Tensor {
    guard let padding = padding.expanded(name, "padding", rank: rank),
      let outputPadding = outputPadding.expanded(name, "output_padding", rank: rank),
      let arguments = ConvolutionArguments(
        name, rank: rank, self, weight, bias, stride: stride, dilation: dilation,
        padding: padding, outputPadding: outputPadding, groups: groups, transposed: true),
      let geometry = arguments.transposedGeometry(padding: padding, outputPadding: outputPadding)
    else { return .poison }
    // PyTorch leaves the others to a library that rounds once, except bfloat16 with an output padding
    // that this library does not know.
    let isLarge = zip(outputPadding, geometry.stride).contains { $0 >= $1 }
    if dtype == .float16 || dtype == .bfloat16 && isLarge {
      return reshape(arguments.x).transposedByTaps(weight, geometry, groups)
        .addingChannelBias(bias, droppingBatch: self.rank == rank + 1)
    }
    return convolved(
      Primitives.ConvolutionInputGradient(geometry, groups: groups), arguments.x, weight, bias)
  }
}

extension Tensor {
  /// The transposed convolution of the half types, which PyTorch rounds after each element of the kernel: its
  /// results differ from the exact ones by far more than a rounding, and agreeing with them counts more.
  fileprivate func transposedByTaps(
    _ weight: Tensor, _ geometry: WindowGeometry, _ groups: Int
  ) -> Tensor {
    let count = geometry.kernel.reduce(1, *)
    let taps = weight.reshape(Array(weight.shape.prefix(2)) + [count])
    let ones = [Int](repeating: 1, count: geometry.rank)
    var sum: Tensor?
    for i in 0..<count {
      var tap = geometry
      tap.kernel = ones
      var rest = i
      for d in (0..<geometry.rank).reversed() {
        tap.padding[d] -= rest % geometry.kernel[d] * geometry.dilation[d]
        rest /= geometry.kernel[d]
      }
      let part = bind(
        Primitives.ConvolutionInputGradient(tap, groups: groups), self,
        taps.narrow(dim: 2, start: i, length: 1)
          .reshape(Array(weight.shape.prefix(2)) + ones))
      sum = sum.map { $0 + part } ?? part
    }
    return sum
      ?? bind(Primitives.ConvolutionInputGradient(geometry, groups: groups), self, weight)
  }
}

extension Operation {
  static let convTranspose1d = Operation(
    "convTranspose1d", .contraction,
    samples: [
      Sample(.uniform(-2...2, [2, 4, 3]), .uniform(-2...2, [4, 1, 3]), .uniform(-2...2, [2])) {
        $0[0].convTranspose1d(
          $0[1], bias: $0[2], stride: 2, padding: 1, outputPadding: 1, groups: 2)
      },
      Sample(.complex(-2...2, [2, 3]), .complex(-2...2, [2, 1, 2])) {
        $0[0].convTranspose1d($0[1])
      },
    ])

  static let convTranspose2d = Operation(
    "convTranspose2d", .contraction,
    samples: [
      Sample(
        .uniform(-2...2, [1, 2, 3, 2]), .uniform(-2...2, [2, 3, 2, 3]), .uniform(-2...2, [3])
      ) {
        $0[0].convTranspose2d(
          $0[1], bias: $0[2], stride: [2, 1], padding: [0, 1], dilation: [1, 2])
      }
    ])

  static let convTranspose3d = Operation(
    "convTranspose3d", .contraction,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 2, 2, 2]), .uniform(-2...2, [2, 2, 2, 2, 2])) {
        $0[0].convTranspose3d($0[1], stride: [1, 2, 1])
      }
    ])
}
