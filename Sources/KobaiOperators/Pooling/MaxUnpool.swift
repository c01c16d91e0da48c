import KobaiTensor

extension Tensor {
  /// Values at the places that `indices` names in the last dimension, zeros elsewhere: a partial inverse of
  /// `maxPool1dWithIndices`.
  ///
  /// - Parameters:
  ///   - kernelSize, stride, padding: of the pooling.
  ///   - outputSize: the size of the pooling's input; the smallest one unless given.
  public func maxUnpool1d(
    _ indices: Tensor, kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0, outputSize: [Int]? = nil
  ) -> Tensor {
    unpooled("maxUnpool1d", 1, indices, kernelSize, stride, padding, outputSize)
  }

  /// Values at the places that `indices` names in the last two dimensions, zeros elsewhere.
  public func maxUnpool2d(
    _ indices: Tensor, kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0, outputSize: [Int]? = nil
  ) -> Tensor {
    unpooled("maxUnpool2d", 2, indices, kernelSize, stride, padding, outputSize)
  }

  /// Values at the places that `indices` names in the last three dimensions, zeros elsewhere.
  public func maxUnpool3d(
    _ indices: Tensor, kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0, outputSize: [Int]? = nil
  ) -> Tensor {
    unpooled("maxUnpool3d", 3, indices, kernelSize, stride, padding, outputSize)
  }

  private func unpooled(
    _ name: String, _ spatial: Int, _ indices: Tensor, _ kernelSize: any PerDimension,
    _ stride: (any PerDimension)?, _ padding: any PerDimension, _ outputSize: [Int]?
  ) -> Tensor {
    guard rank == spatial + 1 || rank == spatial + 2, indices.shape == shape else {
      return misuse(
        "\(name): Expected shape of indices to be same as that of the input tensor, with \(spatial + 1) "
          + "or \(spatial + 2) dimensions, but they are \(indices.shape) and \(shape)")
    }
    guard let kernel = kernelSize.expanded(name, "kernel_size", rank: spatial),
      let stride = (stride ?? kernelSize).expanded(name, "stride", rank: spatial),
      let padding = padding.expanded(name, "padding", rank: spatial)
    else { return .poison }
    let lead = Array(shape.dropLast(spatial))
    let smallest = (0..<spatial).map { d in
      let steps: Int = (self.size(lead.count + d) - 1) * stride[d]
      return steps - 2 * padding[d] + kernel[d]
    }
    let sizes = outputSize.map { Array($0.suffix(spatial)) } ?? smallest
    let isNear =
      sizes.count == spatial
      && (0..<spatial).allSatisfy { Swift.abs(sizes[$0] - smallest[$0]) < stride[$0] }
    guard outputSize == nil || isNear else {
      return misuse(
        "\(name): invalid output_size \(outputSize ?? []): its last \(spatial) sizes must be within a "
          + "stride of \(smallest)")
    }
    let places = sizes.reduce(1, *)
    return Tensor.zeros(lead + [places], dtype: dtype)
      .scatter(
        dim: -1, index: indices.reshape(lead + [-1]).to(.int64), src: reshape(lead + [-1])
      ).reshape(lead + sizes)
  }
}

extension Operation {
  static let maxUnpool1d = Operation(
    "maxUnpool1d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 2])) {
        $0[0].maxUnpool1d(Tensor([[[1, 2], [0, 3]]]), kernelSize: 2)
      }
    ])

  static let maxUnpool2d = Operation(
    "maxUnpool2d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [1, 1, 2])) {
        $0[0].maxUnpool2d(Tensor([[[5, 3]]]), kernelSize: 2, outputSize: [2, 5])
      }
    ])

  static let maxUnpool3d = Operation(
    "maxUnpool3d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [1, 1, 1, 2])) {
        $0[0].maxUnpool3d(Tensor([[[[5, 3]]]]), kernelSize: 2)
      }
    ])
}
