import KobaiOperators
import KobaiTensor

/// What convolution layers share: the kernel's geometry, the parameters and how they begin.
///
/// State: `weight` [out, in / groups, kernel…] (transposed: [in, out / groups, kernel…]) and `bias` [out],
/// both uniform in ±1/√fanIn at first.
public class ConvolutionLayer: ModuleBase {
  /// The channels of input and output.
  public let inChannels, outChannels: Int
  /// One number for each spatial dimension.
  public let kernelSize, stride, dilation: [Int]
  /// How far the input is extended; of a transposed convolution, what is cut off at each side.
  public let padding: any ConvolutionPadding
  /// What a transposed convolution adds at the end, for each spatial dimension; otherwise zeros.
  public let outputPadding: [Int]
  /// Into how many parts the channels are cut that do not see each other.
  public let groups: Int
  /// What stands in the padding.
  public let paddingMode: PaddingMode
  /// [out, in / groups, kernel…]; transposed [in, out / groups, kernel…].
  @Parameter public var weight: Tensor
  /// [out]; nil without a bias.
  @Parameter public var bias: Tensor?

  init(
    rank: Int, transposed: Bool = false, _ inChannels: Int, _ outChannels: Int,
    _ kernelSize: any PerDimension, _ stride: any PerDimension,
    _ padding: any ConvolutionPadding, _ dilation: any PerDimension, _ groups: Int, _ bias: Bool,
    _ paddingMode: PaddingMode, outputPadding: any PerDimension = 0, _ dtype: DType?
  ) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernelSize = kernelSize.perDimension.filling(rank)
    self.stride = stride.perDimension.filling(rank)
    self.dilation = dilation.perDimension.filling(rank)
    self.padding = padding
    self.outputPadding = outputPadding.perDimension.filling(rank)
    self.groups = Self.checkedGroups(groups, inChannels, outChannels)
    self.paddingMode = paddingMode
    let channels =
      transposed
      ? [inChannels, outChannels / self.groups] : [outChannels, inChannels / self.groups]
    weight = Tensor.empty(channels + self.kernelSize, dtype: dtype)
    self.bias = bias ? Tensor.empty([outChannels], dtype: dtype) : nil
    super.init()
    if !padding.isZero && padding.explicitPadding == nil && self.stride != Self.ones(rank) {
      misuse(
        "\(type(of: self)): padding='same' is not supported for strided convolutions; give stride: 1 "
          + "or padding as numbers", else: ())
    }
    resetParameters()
  }

  /// New initial values from the default generator.
  public final func resetParameters() {
    weight.kaimingUniform_(a: 5.0.squareRoot())
    if weight.count > 0 { bias?.uniformInFan_(weight.fans.fanIn) }
  }

  /// The input, extended as the padding mode asks, and how much the convolution itself has to add.
  final func padded(_ x: Tensor) -> (x: Tensor, padding: any ConvolutionPadding) {
    guard paddingMode != .constant else { return (x, padding) }
    var sizes: [Int] = []
    // Last dimension first, as `pad` counts.
    for d in kernelSize.indices.reversed() {
      if let explicit = padding.explicitPadding?.filling(kernelSize.count) {
        sizes += [explicit[d], explicit[d]]
      } else {
        let total = dilation[d] * (kernelSize[d] - 1)
        sizes += [total / 2, total - total / 2]
      }
    }
    return (x.pad(sizes, mode: paddingMode), 0)
  }

  public override var extraDescription: String {
    let rank = kernelSize.count
    var text =
      "\(inChannels), \(outChannels), kernel_size=\(kernelSize.pythonTuple), "
      + "stride=\(stride.pythonTuple)"
    if let explicit = padding.explicitPadding?.filling(rank) {
      if explicit.contains(where: { $0 != 0 }) { text += ", padding=\(explicit.pythonTuple)" }
    } else {
      text += ", padding=same"
    }
    if dilation != Self.ones(rank) { text += ", dilation=\(dilation.pythonTuple)" }
    if outputPadding.contains(where: { $0 != 0 }) {
      text += ", output_padding=\(outputPadding.pythonTuple)"
    }
    if groups != 1 { text += ", groups=\(groups)" }
    if bias == nil { text += ", bias=False" }
    if paddingMode != .constant { text += ", padding_mode=\(paddingMode)" }
    return text
  }

  private static func ones(_ rank: Int) -> [Int] { [Int](repeating: 1, count: rank) }

  private static func checkedGroups(_ groups: Int, _ inChannels: Int, _ outChannels: Int) -> Int {
    guard groups > 0 else {
      return misuse("\(self): groups must be a positive integer, but is \(groups)", else: 1)
    }
    for (name, channels) in [("in_channels", inChannels), ("out_channels", outChannels)]
    where channels % groups != 0 {
      return misuse(
        "\(self): \(name) must be divisible by groups, but \(channels) is not divisible by \(groups)",
        else: 1)
    }
    return groups
  }
}

extension ConvolutionPadding {
  fileprivate var isZero: Bool { explicitPadding?.allSatisfy { $0 == 0 } ?? false }
}

extension [Int] {
  /// One number stands for all dimensions.
  func filling(_ rank: Int) -> [Int] {
    count == 1 ? [Int](repeating: self[0], count: rank) : self
  }
}

extension PaddingMode {
  /// What convolutions call padding with zeros.
  public static var zeros: PaddingMode { .constant }
}
