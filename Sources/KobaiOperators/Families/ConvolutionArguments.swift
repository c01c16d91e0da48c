import KobaiTensor

/// How far a convolution's input extends beyond its elements, with zeros: an `Int`, an array with a
/// number for each spatial dimension, `.valid` (none) or `.same`.
public protocol ConvolutionPadding: Sendable {
  /// A number for all or each of the spatial dimensions; nil for `.same`.
  var explicitPadding: [Int]? { get }
}

extension Int: ConvolutionPadding {
  public var explicitPadding: [Int]? { [self] }
}

extension Array: ConvolutionPadding where Element == Int {
  public var explicitPadding: [Int]? { self }
}

/// Padding that follows from the other arguments: `.valid` or `.same`.
public struct NamedPadding: ConvolutionPadding {
  let isSame: Bool

  public var explicitPadding: [Int]? { isSame ? nil : [0] }
}

extension ConvolutionPadding where Self == NamedPadding {
  /// No padding.
  public static var valid: NamedPadding { NamedPadding(isSame: false) }
  /// As much as gives the output the input's size; the odd one goes behind. Needs stride 1.
  public static var same: NamedPadding { NamedPadding(isSame: true) }
}

/// The arguments that convolutions and transposed convolutions share, checked and with one number for
/// each spatial dimension.
struct ConvolutionArguments {
  let name: String
  let rank: Int
  let x, weight: Shape
  let stride, dilation: [Int]
  let groups: Int

  /// nil after a misuse. The checks come in PyTorch's order.
  init?(
    _ name: String, rank: Int, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?,
    stride: any PerDimension, dilation: any PerDimension, padding: [Int]?, outputPadding: [Int]?,
    groups: Int, transposed: Bool
  ) {
    func refuse(_ message: String) { misuse("\(name): \(message)", else: ()) }
    let own = input.shape
    let kernel = weight.shape
    guard own.count == rank + 1 || own.count == rank + 2 else {
      refuse(
        "Expected \(rank + 1)D (unbatched) or \(rank + 2)D (batched) input, but got input of size: \(own)"
      )
      return nil
    }
    for (role, tensor) in [("weight", weight), ("bias", bias ?? weight)]
    where tensor.dtype != input.dtype {
      refuse(
        "Input type (\(input.dtype)) and \(role) type (\(tensor.dtype)) should be the same; convert "
          + "one with .to(.\(tensor.dtype))")
      return nil
    }
    guard input.dtype != .bool else {
      refuse("not implemented for bool; convert with .to(.float32)")
      return nil
    }
    guard kernel.count > 2 else {
      refuse("weight should have at least three dimensions, but its shape is \(kernel)")
      return nil
    }
    guard groups > 0 else {
      refuse("non-positive groups is not supported, but groups is \(groups)")
      return nil
    }
    guard let stride = stride.expanded(name, "stride", rank: rank),
      let dilation = dilation.expanded(name, "dilation", rank: rank)
    else { return nil }
    guard padding?.allSatisfy({ $0 >= 0 }) ?? true else {
      refuse("negative padding is not supported, but padding is \(padding ?? [])")
      return nil
    }
    guard outputPadding?.allSatisfy({ $0 >= 0 }) ?? true else {
      refuse("negative output_padding is not supported, but it is \(outputPadding ?? [])")
      return nil
    }
    guard stride.allSatisfy({ $0 > 0 }) else {
      refuse("non-positive stride is not supported, but stride is \(stride)")
      return nil
    }
    guard dilation.allSatisfy({ $0 > 0 }) else {
      refuse("dilation should be greater than zero, but is \(dilation)")
      return nil
    }
    guard kernel.count == rank + 2 else {
      refuse(
        "Expected \(kernel.count)-dimensional input for \(kernel.count)-dimensional weight \(kernel), "
          + "but got \(rank + 2)-dimensional input of size \(own) instead")
      return nil
    }
    guard kernel[0] >= groups else {
      refuse(
        "Given groups=\(groups), expected weight to be at least \(groups) at dimension 0, "
          + "but got weight of size \(kernel) instead")
      return nil
    }
    guard kernel[0] % groups == 0 else {
      refuse(
        "Given groups=\(groups), expected weight to be divisible by \(groups) at dimension 0, "
          + "but got weight of size \(kernel) instead")
      return nil
    }
    let channels = own[own.count - rank - 1]
    let expected = transposed ? kernel[0] : kernel[1] * groups
    guard channels == expected else {
      refuse(
        "Given groups=\(groups), weight of size \(kernel), expected input \(own) to have \(expected) "
          + "channels, but got \(channels) channels instead")
      return nil
    }
    let results = transposed ? kernel[1] * groups : kernel[0]
    guard bias == nil || bias?.shape == [results] else {
      refuse(
        "Given weight of size \(kernel), expected bias to be 1-dimensional with \(results) elements, "
          + "but got bias of size \(bias?.shape ?? []) instead")
      return nil
    }
    self.name = name
    self.rank = rank
    self.x = own.count == rank + 2 ? own : [1] + own
    self.weight = kernel
    self.stride = stride
    self.dilation = dilation
    self.groups = groups
  }

  var kernel: [Int] { Array(weight.suffix(rank)) }

  /// The convolution of the input; nil after a misuse.
  func geometry(padding: [Int]?) -> WindowGeometry? {
    let input = Array(x.suffix(rank))
    var begin = [Int](repeating: 0, count: rank)
    var total = begin
    if let padding {
      begin = padding
      total = padding.map { 2 * $0 }
    } else {
      guard stride.allSatisfy({ $0 == 1 }) else {
        return misuse(
          "\(name): padding='same' is not supported for strided convolutions; stride is \(stride)",
          else: nil)
      }
      for d in 0..<rank {
        total[d] = dilation[d] * (kernel[d] - 1)
        begin[d] = total[d] / 2
      }
    }
    let reach = (0..<rank).map { dilation[$0] * (kernel[$0] - 1) + 1 }
    let padded = (0..<rank).map { input[$0] + total[$0] }
    guard (0..<rank).allSatisfy({ reach[$0] <= padded[$0] && kernel[$0] > 0 }) else {
      return misuse(
        "\(name): Calculated padded input size per channel: \(Self.joined(padded)). Kernel size: "
          + "\(Self.joined(reach)). Kernel size can't be greater than actual input size, nor zero",
        else: nil)
    }
    let output = (0..<rank).map { (padded[$0] - reach[$0]) / stride[$0] + 1 }
    return WindowGeometry(
      input: input, output: output, kernel: kernel, stride: stride, padding: begin,
      dilation: dilation)
  }

  /// The convolution whose transpose is applied to the input; nil after a misuse.
  func transposedGeometry(padding: [Int], outputPadding: [Int]) -> WindowGeometry? {
    for d in 0..<rank where outputPadding[d] >= stride[d] && outputPadding[d] >= dilation[d] {
      return misuse(
        "\(name): output padding must be smaller than either stride or dilation, but got "
          + "output_padding: \(outputPadding), stride: \(stride), dilation: \(dilation)", else: nil)
    }
    let output = Array(x.suffix(rank))
    let input = (0..<rank).map { d -> Int in
      let full = (output[d] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1
      return full - 2 * padding[d] + outputPadding[d]
    }
    guard input.allSatisfy({ $0 > 0 }) else {
      return misuse(
        "\(name): Given input size per channel: \(Self.joined(output)). Calculated output size per "
          + "channel: \(Self.joined(input)). Output size is too small", else: nil)
    }
    return WindowGeometry(
      input: input, output: output, kernel: kernel, stride: stride, padding: padding,
      dilation: dilation)
  }

  private static func joined(_ sizes: [Int]) -> String {
    "(" + sizes.map(String.init).joined(separator: " x ") + ")"
  }
}
