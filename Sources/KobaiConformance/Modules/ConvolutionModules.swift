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

  /// Layers that are made at their first call.
  mutating func addLazy() {
    let convolution = Array(Self.convolution.dropFirst())
    let transposed = Array(Self.transposed.dropFirst())
    lazy("LazyConv1d", convolution) { a in
      try a.lazyConvolution { o, k, s, p, d, g, b, m in
        LazyConv1d(
          o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b, paddingMode: m)
      }
    }
    lazy("LazyConv2d", convolution) { a in
      try a.lazyConvolution { o, k, s, p, d, g, b, m in
        LazyConv2d(
          o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b, paddingMode: m)
      }
    }
    lazy("LazyConv3d", convolution) { a in
      try a.lazyConvolution { o, k, s, p, d, g, b, m in
        LazyConv3d(
          o, kernelSize: k, stride: s, padding: p, dilation: d, groups: g, bias: b, paddingMode: m)
      }
    }
    lazy("LazyConvTranspose1d", transposed) { a in
      try a.lazyTransposed(LazyConvTranspose1d.init)
    }
    lazy("LazyConvTranspose2d", transposed) { a in
      try a.lazyTransposed(LazyConvTranspose2d.init)
    }
    lazy("LazyConvTranspose3d", transposed) { a in
      try a.lazyTransposed(LazyConvTranspose3d.init)
    }
    lazy("LazyLinear", ["out_features", "bias"]) { a in
      try LazyLinear(a.int("out_features"), bias: a.bool("bias", default: true))
    }
  }

  /// A first call, before the state is loaded, gives the layer its parameters.
  private mutating func lazy<M: Module>(
    _ name: String, _ parameters: [String], make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    add(name, parameters: parameters) { a in
      let module = try make(a)
      return MadeModule(
        module: module, inputs: ["input"], prepare: { a in _ = module(try a.tensor("input")) }
      ) { a in
        .tensor(module(try a.tensor("input")))
      }
    }
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
    let inChannels = try int("in_channels")
    return try lazyConvolution { o, k, s, p, d, g, b, m in
      make(inChannels, o, k, s, p, d, g, b, m)
    }
  }

  typealias MakeLazyConvolution<M> = (
    _ outChannels: Int, _ kernelSize: any PerDimension, _ stride: any PerDimension,
    _ padding: any ConvolutionPadding, _ dilation: any PerDimension, _ groups: Int, _ bias: Bool,
    _ paddingMode: PaddingMode
  ) -> M

  func lazyConvolution<M>(_ make: MakeLazyConvolution<M>) throws -> M {
    try make(
      int("out_channels"), intOrInts("kernel_size"),
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
    let inChannels = try int("in_channels")
    return try lazyTransposed { o, k, s, p, q, g, b, d in
      make(inChannels, o, k, s, p, q, g, b, d, nil)
    }
  }

  typealias MakeLazyTransposed<M> = (
    _ outChannels: Int, _ kernelSize: any PerDimension, _ stride: any PerDimension,
    _ padding: any PerDimension, _ outputPadding: any PerDimension, _ groups: Int, _ bias: Bool,
    _ dilation: any PerDimension
  ) -> M

  func lazyTransposed<M>(_ make: MakeLazyTransposed<M>) throws -> M {
    _ = try option("padding_mode", default: PaddingMode.zeros, ["zeros": .zeros])
    return try make(
      int("out_channels"), intOrInts("kernel_size"),
      optionalIntOrInts("stride") ?? [1], optionalIntOrInts("padding") ?? [0],
      optionalIntOrInts("output_padding") ?? [0], int("groups", default: 1),
      bool("bias", default: true), optionalIntOrInts("dilation") ?? [1])
  }
}
