import Kobai

extension ModuleRegistry {
  mutating func addConvolution() {
    module("Conv1d", Self.convolution) { a in
      try a.convolution { i, o, k, s, p, d, g, b, m in
        Conv1d(
          i, o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b,
          paddingMode: m)
      }
    }
    module("Conv2d", Self.convolution) { a in
      try a.convolution { i, o, k, s, p, d, g, b, m in
        Conv2d(
          i, o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b,
          paddingMode: m)
      }
    }
    module("Conv3d", Self.convolution) { a in
      try a.convolution { i, o, k, s, p, d, g, b, m in
        Conv3d(
          i, o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b,
          paddingMode: m)
      }
    }
    module("ConvTranspose1d", Self.transposed) { a in try a.transposed(ConvTranspose1d.init) }
    module("ConvTranspose2d", Self.transposed) { a in try a.transposed(ConvTranspose2d.init) }
    module("ConvTranspose3d", Self.transposed) { a in try a.transposed(ConvTranspose3d.init) }
  }

  static let convolution = [
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias",
    "padding_mode",
  ]
  static let transposed = [
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups",
    "bias", "dilation", "padding_mode",
  ]
}

extension Arguments {
  typealias MakeConvolution<M> = (
    _ inChannels: Int, _ outChannels: Int, _ kernelSize: any PerDimension,
    _ stride: any PerDimension, _ padding: any ConvolutionPadding, _ dilation: any PerDimension,
    _ groups: Int, _ bias: Bool, _ paddingMode: PaddingMode
  ) -> M

  func convolution<M>(_ make: MakeConvolution<M>) throws -> M {
    try make(
      int("in_channels"), int("out_channels"), intOrInts("kernel_size"),
      optionalIntOrInts("stride") ?? [1], padding(), optionalIntOrInts("dilation") ?? [1],
      int("groups", default: 1), bool("bias", default: true),
      option(
        "padding_mode", default: .zeros,
        ["zeros": .zeros, "reflect": .reflect, "replicate": .replicate, "circular": .circular]))
  }

  typealias MakeTransposed<M> = (
    _ inChannels: Int, _ outChannels: Int, _ kernelSize: any PerDimension,
    _ stride: any PerDimension, _ padding: any PerDimension, _ outputPadding: any PerDimension,
    _ groups: Int, _ bias: Bool, _ dilation: any PerDimension, _ dtype: DType?
  ) -> M

  func transposed<M>(_ make: MakeTransposed<M>) throws -> M {
    _ = try option("padding_mode", default: PaddingMode.zeros, ["zeros": .zeros])
    return try make(
      int("in_channels"), int("out_channels"), intOrInts("kernel_size"),
      optionalIntOrInts("stride") ?? [1], optionalIntOrInts("padding") ?? [0],
      optionalIntOrInts("output_padding") ?? [0], int("groups", default: 1),
      bool("bias", default: true), optionalIntOrInts("dilation") ?? [1], nil)
  }
}
