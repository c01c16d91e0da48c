import KobaiTensor

extension Tensor {
  /// The elements of each window over the last two dimensions, one window after the other.
  ///
  ///     Tensor.arange(4.0).reshape([1, 1, 2, 2]).unfold(kernelSize: 2)   // shape [1, 4, 1]
  ///
  /// - Parameters:
  ///   - kernelSize: the window, one number or [height, width].
  ///   - padding: zeros on each side.
  /// - Returns: [N, C · height · width, windows] of [N, C, H, W], without N if the input has none.
  public func unfold(
    kernelSize: any PerDimension, dilation: any PerDimension = 1, padding: any PerDimension = 0,
    stride: any PerDimension = 1
  ) -> Tensor {
    guard rank == 3 || rank == 4 else {
      return misuse(
        "unfold: Expected 3D or 4D (batch mode) tensor, but got input of size \(shape)")
    }
    guard
      let windows = FoldWindows(
        "unfold", [size(-2), size(-1)], kernelSize, dilation, padding, stride)
    else { return .poison }
    let channels = size(-3)
    let lead = Array(shape.dropLast(3))
    let (p, q) = (windows.padding[0], windows.padding[1])
    let padded = p == 0 && q == 0 ? self : pad([q, q, p, p])
    return padded.reshape(lead + [channels, -1]).indexSelect(dim: -1, index: windows.index)
      .reshape(lead + [channels * windows.kernelCount, windows.count])
  }

  /// The sum of windows at their places: what `unfold` takes apart, put together.
  ///
  ///     x.fold(outputSize: [4, 5], kernelSize: [2, 2])
  ///
  /// - Parameters:
  ///   - outputSize: [height, width] of the result.
  ///   - kernelSize, dilation, padding, stride: of the windows, as for `unfold`.
  /// - Returns: [N, C, H, W] of [N, C · height · width, windows], without N if the input has none.
  public func fold(
    outputSize: any PerDimension, kernelSize: any PerDimension, dilation: any PerDimension = 1,
    padding: any PerDimension = 0, stride: any PerDimension = 1
  ) -> Tensor {
    guard rank == 2 || rank == 3 else {
      return misuse("fold: Expected 2D or 3D (batch mode) tensor, but got input of size \(shape)")
    }
    guard let output = outputSize.expanded("fold", "output_size", rank: 2),
      let windows = FoldWindows("fold", output, kernelSize, dilation, padding, stride)
    else { return .poison }
    guard size(-2) % windows.kernelCount == 0 else {
      return misuse(
        "fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size, but "
          + "got input.size(1)=\(size(-2)) and kernel_size=\(windows.kernel)")
    }
    guard size(-1) == windows.count else {
      return misuse(
        "fold: expected input's size at dimension 2 to match the calculated number of sliding blocks "
          + "\(windows.count), but got input.size(2)=\(size(-1))")
    }
    let channels = size(-2) / windows.kernelCount
    let lead = Array(shape.dropLast(2))
    let (p, q) = (windows.padding[0], windows.padding[1])
    let (height, width) = (output[0] + 2 * p, output[1] + 2 * q)
    let sums = Tensor.zeros(lead + [channels, height * width], dtype: dtype)
      .indexAdd(
        dim: lead.count + 1, index: windows.index,
        source: reshape(lead + [channels, windows.kernelCount * windows.count]))
    return sums.reshape(lead + [channels, height, width])
      .narrow(dim: -2, start: p, length: output[0]).narrow(dim: -1, start: q, length: output[1])
  }
}

/// The windows over an image, padded.
private struct FoldWindows {
  let kernel, padding: [Int]
  let kernelCount, count: Int
  /// For each place in the window and each window, the place in the padded image.
  let index: Tensor

  init?(
    _ name: String, _ size: [Int], _ kernelSize: any PerDimension, _ dilation: any PerDimension,
    _ padding: any PerDimension, _ stride: any PerDimension
  ) {
    guard let kernel = kernelSize.expanded(name, "kernel_size", rank: 2),
      let dilation = dilation.expanded(name, "dilation", rank: 2),
      let padding = padding.expanded(name, "padding", rank: 2),
      let stride = stride.expanded(name, "stride", rank: 2)
    else { return nil }
    guard (kernel + dilation + stride).allSatisfy({ $0 > 0 }), padding.allSatisfy({ $0 >= 0 })
    else {
      misuse(
        "\(name): kernel size, dilation and stride should be greater than zero and padding should be "
          + "non-negative, but got kernel_size=\(kernel), dilation=\(dilation), stride=\(stride), "
          + "padding=\(padding)", else: ())
      return nil
    }
    let counts = (0..<2).map { d in
      let reach = dilation[d] * (kernel[d] - 1) + 1
      let room: Int = size[d] + 2 * padding[d] - reach
      return room.dividedDown(by: stride[d]) + 1
    }
    guard counts.allSatisfy({ $0 > 0 }) else {
      misuse(
        "\(name): Given a spatial size of \(size), kernel_size=\(kernel), dilation=\(dilation), "
          + "padding=\(padding), stride=\(stride), calculated shape of the array of sliding blocks as "
          + "\(counts), but its components must be at least one.", else: ())
      return nil
    }
    let (height, width) = (size[0] + 2 * padding[0], size[1] + 2 * padding[1])
    guard [height, width].elementCount <= 1 << 46 else {
      misuse(
        "\(name): an image of [\(height), \(width)] with its padding has more elements than memory can "
          + "hold", else: ())
      return nil
    }
    let index = Value.make(.int64, [(kernel + counts).elementCount]) { out in
      var next = out.assumingMemoryBound(to: Int64.self)
      for i in 0..<kernel[0] {
        for j in 0..<kernel[1] {
          for row in 0..<counts[0] {
            let start = (row * stride[0] + i * dilation[0]) * width + j * dilation[1]
            for column in 0..<counts[1] {
              next.pointee = Int64(start + column * stride[1])
              next += 1
            }
          }
        }
      }
    }
    if index.meta.has(Value.Meta.poison) { return nil }
    self.kernel = kernel
    self.padding = padding
    kernelCount = kernel[0] * kernel[1]
    count = counts[0] * counts[1]
    self.index = Tensor(index)
  }
}

extension Int {
  fileprivate func dividedDown(by divisor: Int) -> Int {
    self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
  }
}

extension Operation {
  static let unfold = Operation(
    "unfold", .movement,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 3, 4])) { $0[0].unfold(kernelSize: [2, 3], padding: 1) },
      Sample(.uniform(-2...2, [2, 5, 5])) { $0[0].unfold(kernelSize: 2, dilation: 2, stride: 2) },
    ])

  static let fold = Operation(
    "fold", .movement,
    samples: [
      Sample(.uniform(-2...2, [1, 8, 4])) {
        $0[0].fold(outputSize: [4, 4], kernelSize: 2, stride: 2)
      },
      Sample(.uniform(-2...2, [4, 12])) {
        $0[0].fold(outputSize: [2, 3], kernelSize: 2, padding: 1)
      },
    ])
}
