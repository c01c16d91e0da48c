import KobaiTensor

/// The arguments of pooling, checked and with one number for each spatial dimension.
enum PoolArguments {
  /// Where the windows lie; nil after a misuse. The checks come in PyTorch's order.
  static func geometry(
    _ name: String, rank: Int, _ x: Tensor, kernelSize: any PerDimension,
    stride: (any PerDimension)?, padding: any PerDimension, dilation: any PerDimension = 1,
    ceilMode: Bool
  ) -> WindowGeometry? {
    let shape = x.shape
    guard let kernel = kernelSize.expanded(name, "kernel_size", rank: rank),
      // An empty list stands for none given, as in PyTorch.
      let stride = (stride.flatMap { $0.perDimension.isEmpty ? nil : $0 } ?? kernelSize)
        .expanded(name, "stride", rank: rank),
      let padding = padding.expanded(name, "padding", rank: rank),
      let dilation = dilation.expanded(name, "dilation", rank: rank)
    else { return nil }
    func refuse(_ message: String) -> WindowGeometry? { misuse("\(name): \(message)", else: nil) }
    for (argument, sizes) in [("kernel size", kernel), ("stride", stride), ("dilation", dilation)]
    where sizes.contains(where: { $0 <= 0 }) {
      return refuse("\(argument) should be greater than zero, but is \(sizes)")
    }
    for d in 0..<rank {
      guard padding[d] >= 0 else {
        return refuse("pad must be non-negative, but got pad: \(padding[d])")
      }
      guard padding[d] <= ((kernel[d] - 1) * dilation[d] + 1) / 2 else {
        return refuse(
          "pad should be at most half of effective kernel size, but got pad=\(padding[d]), "
            + "kernel_size=\(kernel[d]) and dilation=\(dilation[d])")
      }
    }
    guard isPoolable(name, shape, rank: rank, x.dtype) else { return nil }
    let input = Array(shape.suffix(rank))
    let output = (0..<rank).map { d -> Int in
      let reach = (kernel[d] - 1) * dilation[d] + 1
      let room = input[d] + 2 * padding[d] - reach
      let steps = room + (ceilMode ? stride[d] - 1 : 0)
      let count = (steps >= 0 ? steps / stride[d] : -((stride[d] - 1 - steps) / stride[d])) + 1
      // A last window that would start in the padding behind the input is dropped.
      return ceilMode && (count - 1) * stride[d] >= input[d] + padding[d] ? count - 1 : count
    }
    guard output.allSatisfy({ $0 > 0 }) else {
      func joined(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: "x") }
      let channels = Array(shape.suffix(rank + 1).prefix(1))
      return refuse(
        "Given input size: (\(joined(channels + input))). Calculated output size: "
          + "(\(joined(channels + output))). Output size is too small")
    }
    return WindowGeometry(
      input: input, output: output, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation)
  }

  /// The sizes of an adaptive pool's output, nil entries taken from the input; nil after a misuse.
  static func outputSize(_ name: String, rank: Int, _ x: Tensor, _ sizes: [Int?]) -> [Int]? {
    let shape = x.shape
    guard shape.count > sizes.count else {
      return misuse(
        "\(name): Input dimension should be at least \(sizes.count + 1), but its shape is \(shape)",
        else: nil)
    }
    guard sizes.count == rank || sizes.count == 1 else {
      return misuse("\(name): output_size must be \(rank) numbers, but is \(sizes)", else: nil)
    }
    let given = sizes.count == rank ? sizes : Array(repeating: sizes[0], count: rank)
    guard given.allSatisfy({ $0 ?? 0 >= 0 }) else {
      return misuse(
        "\(name): elements of output_size must be greater than or equal to 0 but received \(given)",
        else: nil)
    }
    guard isPoolable(name, shape, rank: rank, x.dtype) else { return nil }
    return zip(given, shape.suffix(rank)).map { $0 ?? $1 }
  }

  private static func isPoolable(
    _ name: String, _ shape: Shape, rank: Int, _ dtype: DType
  ) -> Bool {
    guard
      shape.count == rank + 1 && !shape.contains(0)
        || shape.count == rank + 2 && !shape.dropFirst().contains(0)
    else {
      return misuse(
        "\(name): Expected \(rank + 1)D or \(rank + 2)D (batch mode) tensor with optional 0 dim batch "
          + "size for input, but got:\(shape)", else: false)
    }
    guard dtype != .bool && !dtype.isComplex else {
      return misuse(
        "\(name): not implemented for \(dtype); convert with .to(.float32)", else: false)
    }
    return true
  }
}

extension Value {
  /// How many times the last `rank` dimensions repeat.
  func planes(_ rank: Int) -> Int { shape.dropLast(rank).reduce(1, *) }
}

extension TensorType {
  /// The type with other sizes in the last dimensions.
  func replacing(last sizes: [Int]) -> TensorType {
    TensorType(dtype, Array(shape.dropLast(sizes.count)) + sizes)
  }
}
