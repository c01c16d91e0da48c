import KobaiTensor

extension Tensor {
  /// Slides the weight over one spatial dimension and sums the products (cross-correlation, as all
  /// frameworks call convolution).
  ///
  ///     Tensor([[[1.0, 2, 3, 4]]]).conv1d(Tensor([[[1.0, -1]]]))   // tensor([[[-1., -1., -1.]]])
  ///
  /// - Parameters:
  ///   - weight: [O, C/groups, K].
  ///   - bias: [O].
  ///   - stride, dilation: an `Int` or one for each dimension; at least 1.
  ///   - padding: zeros on both sides, an `Int`, one for each dimension, `.valid` or `.same`.
  ///   - groups: the channels are divided into as many parts that do not see each other.
  /// - Returns: [N, O, L] for [N, C, L], without N if the input has none. Dtypes must be equal.
  public func conv1d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: some ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1
  ) -> Tensor {
    convolved(
      "conv1d", 1, weight, bias, stride: stride, padding: padding, dilation: dilation,
      groups: groups)
  }

  /// Slides the weight over two spatial dimensions and sums the products; see `conv1d`.
  ///
  ///     Tensor.ones([1, 1, 3, 3]).conv2d(Tensor.ones([1, 1, 3, 3]), padding: 1)
  ///     // tensor([[[[4., 6., 4.], [6., 9., 6.], [4., 6., 4.]]]])
  ///
  /// - Parameters:
  ///   - weight: [O, C/groups, KH, KW].
  ///   - bias: [O].
  ///   - stride, dilation: an `Int` or one for each dimension; at least 1.
  ///   - padding: zeros on both sides, an `Int`, one for each dimension, `.valid` or `.same`.
  ///   - groups: the channels are divided into as many parts that do not see each other.
  /// - Returns: [N, O, H, W] for [N, C, H, W], without N if the input has none. Dtypes must be equal.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: some ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1
  ) -> Tensor {
    convolved(
      "conv2d", 2, weight, bias, stride: stride, padding: padding, dilation: dilation,
      groups: groups)
  }

  /// Slides the weight over three spatial dimensions and sums the products; see `conv1d`.
  ///
  ///     Tensor.ones([1, 2, 5, 5, 5]).conv3d(Tensor.ones([4, 2, 3, 3, 3]), stride: 2).shape   // [1, 4, 2, 2, 2]
  ///
  /// - Parameters:
  ///   - weight: [O, C/groups, KD, KH, KW].
  ///   - bias: [O].
  ///   - stride, dilation: an `Int` or one for each dimension; at least 1.
  ///   - padding: zeros on both sides, an `Int`, one for each dimension, `.valid` or `.same`.
  ///   - groups: the channels are divided into as many parts that do not see each other.
  /// - Returns: [N, O, D, H, W] for [N, C, D, H, W], without N if the input has none. Dtypes must be equal.
  public func conv3d(
    _ weight: Tensor, bias: Tensor? = nil, stride: any PerDimension = 1,
    padding: some ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1
  ) -> Tensor {
    convolved(
      "conv3d", 3, weight, bias, stride: stride, padding: padding, dilation: dilation,
      groups: groups)
  }

  private func convolved(
    _ name: String, _ rank: Int, _ weight: Tensor, _ bias: Tensor?, stride: any PerDimension,
    padding: any ConvolutionPadding, dilation: any PerDimension, groups: Int
  ) -> Tensor {
    var explicit: [Int]?
    if let given = padding.explicitPadding {
      guard let sizes = given.expanded(name, "padding", rank: rank) else { return .poison }
      explicit = sizes
    }
    guard
      let arguments = ConvolutionArguments(
        name, rank: rank, self, weight, bias, stride: stride, dilation: dilation,
        padding: explicit, outputPadding: nil, groups: groups, transposed: false),
      let geometry = arguments.geometry(padding: explicit)
    else { return .poison }
    return convolved(Primitives.Convolution(geometry, groups: groups), arguments.x, weight, bias)
  }

  /// This tensor, batched by `shape`, under a convolution with its bias [C], without the first dimension
  /// if it had none.
  func convolved<P: BiasableConvolution>(
    _ primitive: P, _ shape: Shape, _ weight: Tensor, _ bias: Tensor?
  ) -> Tensor {
    let isUnbatched = rank < shape.count
    let x = reshape(shape)
    let y =
      bias.map { bind(Primitives.BiasedConvolution(primitive), [x, weight, $0])[0] }
      ?? bind(primitive, x, weight)
    return y.addingChannelBias(nil, droppingBatch: isUnbatched)
  }

  /// The result of a convolution with its bias [C], without the first dimension for unbatched input.
  func addingChannelBias(_ bias: Tensor?, droppingBatch: Bool) -> Tensor {
    let shape = shape
    var y = self
    if let bias {
      y = y + bias.reshape([shape[1]] + Array(repeating: 1, count: shape.count - 2))
    }
    return droppingBatch ? y.reshape(Array(shape.dropFirst())) : y
  }
}

extension Operation {
  static let conv1d = Operation(
    "conv1d", .contraction,
    samples: [
      Sample(.uniform(-2...2, [2, 2, 6]), .uniform(-2...2, [3, 2, 3]), .uniform(-2...2, [3])) {
        $0[0].conv1d($0[1], bias: $0[2], stride: 2, padding: 1)
      },
      Sample(.uniform(-2...2, [4, 5]), .uniform(-2...2, [2, 2, 4])) {
        $0[0].conv1d($0[1], padding: .same, groups: 2)
      },
      Sample(.complex(-2...2, [1, 2, 5]), .complex(-2...2, [1, 2, 2])) {
        $0[0].conv1d($0[1], dilation: 2)
      },
    ])

  static let conv2d = Operation(
    "conv2d", .contraction,
    samples: [
      Sample(
        .uniform(-2...2, [2, 2, 4, 5]), .uniform(-2...2, [4, 1, 3, 2]), .uniform(-2...2, [4])
      ) {
        $0[0].conv2d(
          $0[1], bias: $0[2], stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2)
      },
      Sample(.uniform(-2...2, [2, 3, 3]), .uniform(-2...2, [1, 2, 2, 2])) {
        $0[0].conv2d($0[1], padding: .same)
      },
      Sample(.uniform(-2...2, [0, 2, 3, 3]), .uniform(-2...2, [1, 2, 2, 2])) {
        $0[0].conv2d($0[1])
      },
    ])

  static let conv3d = Operation(
    "conv3d", .contraction,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 3, 3, 3]), .uniform(-2...2, [2, 2, 2, 2, 2])) {
        $0[0].conv3d($0[1], padding: [0, 1, 0])
      }
    ])
}
