import KobaiTensor

extension Tensor {
  /// The largest element of windows whose steps are drawn so that the output has a given size
  /// (Graham, 2014, "Fractional Max-Pooling").
  ///
  /// - Parameters:
  ///   - kernelSize: the window over the last two dimensions.
  ///   - outputSize: of the result.
  ///   - randomSamples: [N, C, 2], uniform in [0, 1), where the windows begin; drawn unless given.
  /// - Returns: [N, C, output…] of [N, C, H, W], without N if the input has none, and where in the last two
  ///   dimensions each value came from.
  public func fractionalMaxPool2dWithIndices(
    kernelSize: any PerDimension, outputSize: any PerDimension, randomSamples: Tensor? = nil,
    generator: Generator? = nil
  ) -> (values: Tensor, indices: Tensor) {
    // PyTorch's first number is the width's.
    fractionalPooled(
      "fractionalMaxPool2d", kernelSize, outputSize, randomSamples, generator, order: [1, 0])
  }

  /// The same over the last three dimensions; `randomSamples` is [N, C, 3].
  public func fractionalMaxPool3dWithIndices(
    kernelSize: any PerDimension, outputSize: any PerDimension, randomSamples: Tensor? = nil,
    generator: Generator? = nil
  ) -> (values: Tensor, indices: Tensor) {
    fractionalPooled(
      "fractionalMaxPool3d", kernelSize, outputSize, randomSamples, generator, order: [0, 1, 2])
  }

  /// - Parameter order: which random number belongs to which spatial dimension.
  private func fractionalPooled(
    _ name: String, _ kernelSize: any PerDimension, _ outputSize: any PerDimension,
    _ randomSamples: Tensor?, _ generator: Generator?, order: [Int]
  ) -> (values: Tensor, indices: Tensor) {
    let spatial = order.count
    func refuse(_ fault: String) -> (values: Tensor, indices: Tensor) {
      misuse("\(name): \(fault)", else: (.poison, .poison))
    }
    guard rank == spatial + 1 || rank == spatial + 2, shape.dropFirst().allSatisfy({ $0 > 0 })
    else {
      return refuse(
        "Expected \(spatial + 1)D or \(spatial + 2)D tensor with non-empty dimensions, but got: \(shape)"
      )
    }
    guard let kernel = kernelSize.expanded(name, "kernel_size", rank: spatial),
      let output = outputSize.expanded(name, "output_size", rank: spatial)
    else { return (.poison, .poison) }
    let input = Array(shape.suffix(spatial))
    guard (0..<spatial).allSatisfy({ output[$0] > 0 && output[$0] + kernel[$0] - 1 <= input[$0] })
    else {
      return refuse(
        "pool sizes \(kernel) too large relative to input of shape \(shape) for an output of \(output)"
      )
    }
    let lead = Array(shape.dropLast(spatial))
    let planes = [lead.count == 2 ? lead[0] : 1, lead[lead.count - 1]]
    let drawn = randomSamples ?? Tensor.rand(planes + [spatial], dtype: dtype, generator: generator)
    // Without a batch the numbers of the first example are taken.
    let isEnough = lead.count == 2 ? drawn.shape.first == planes[0] : drawn.shape.first ?? 0 > 0
    guard drawn.rank == 3, isEnough, Array(drawn.shape.dropFirst()) == [planes[1], spatial] else {
      return refuse(
        "Expected _random_samples of shape \(planes + [spatial]), but got \(drawn.shape)")
    }
    let samples = drawn.array(as: Double.self)
    guard samples.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
      return refuse("_random_samples must lie in [0, 1), but one does not")
    }
    var places: [Int] = []
    for plane in 0..<planes[0] * planes[1] {
      let starts = (0..<spatial).map { d in
        Self.windowStarts(
          samples[plane * spatial + order[d]], input: input[d], output: output[d],
          kernel: kernel[d])
      }
      Self.appendWindows(starts, kernel, input, to: &places)
    }
    let (count, window) = (output.reduce(1, *), kernel.reduce(1, *))
    let index = Tensor(places, shape: lead + [count * window], dtype: .int64)
    let windows = reshape(lead + [-1]).gather(dim: -1, index: index).reshape(
      lead + [count, window])
    let (values, best) = windows.max(dim: -1)
    let indices = index.reshape(lead + [count, window])
      .gather(dim: -1, index: best.unsqueeze(-1)).squeeze(-1)
    return (values.reshape(lead + output), indices.reshape(lead + output))
  }

  /// Where the windows along one dimension begin.
  private static func windowStarts(_ sample: Double, input: Int, output: Int, kernel: Int) -> [Int]
  {
    guard output > 1 else { return [input - kernel] }
    let alpha = Double(input - kernel) / Double(output - 1)
    let offset = Int(sample * alpha)
    return (0..<output - 1).map { Int((Double($0) + sample) * alpha) - offset } + [input - kernel]
  }

  /// The places of the elements of each window, the last dimension fastest.
  private static func appendWindows(
    _ starts: [[Int]], _ kernel: [Int], _ input: [Int], to places: inout [Int]
  ) {
    let spatial = input.count
    func windows(_ d: Int, _ offset: [Int]) {
      guard d < spatial else {
        elements(0, offset, 0)
        return
      }
      for start in starts[d] { windows(d + 1, offset + [start]) }
    }
    func elements(_ d: Int, _ start: [Int], _ place: Int) {
      guard d < spatial else {
        places.append(place)
        return
      }
      for i in 0..<kernel[d] { elements(d + 1, start, place * input[d] + start[d] + i) }
    }
    windows(0, [])
  }
}

extension Operation {
  static let fractionalMaxPool2d = Operation(
    "fractionalMaxPool2d", .pooling,
    samples: [
      Sample(.distinct([1, 2, 5, 4])) {
        let samples = Tensor([[[0.1, 0.7], [0.4, 0.9]]])
        return $0[0].fractionalMaxPool2dWithIndices(
          kernelSize: 2, outputSize: [3, 2], randomSamples: samples
        ).values
      }
    ])

  static let fractionalMaxPool3d = Operation(
    "fractionalMaxPool3d", .pooling,
    samples: [
      Sample(.distinct([1, 4, 3, 4])) {
        let samples = Tensor([[[0.1, 0.7, 0.5]]])
        return $0[0].fractionalMaxPool3dWithIndices(
          kernelSize: 2, outputSize: 2, randomSamples: samples
        ).values
      }
    ])
}
