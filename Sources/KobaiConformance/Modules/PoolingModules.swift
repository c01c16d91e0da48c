import Kobai

extension ModuleRegistry {
  mutating func addPooling() {
    maxPool("MaxPool1d", MaxPool1d.init) { $0.withIndices($1) }
    maxPool("MaxPool2d", MaxPool2d.init) { $0.withIndices($1) }
    maxPool("MaxPool3d", MaxPool3d.init) { $0.withIndices($1) }
    module("AvgPool1d", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad") { a in
      try a.averaging(AvgPool1d.init)
    }
    module("AvgPool2d", Self.averaging) { a in try a.averaging(AvgPool2d.init) }
    module("AvgPool3d", Self.averaging) { a in try a.averaging(AvgPool3d.init) }
    module("AdaptiveAvgPool1d", "output_size") { a in AdaptiveAvgPool1d(try a.sizes()) }
    module("AdaptiveAvgPool2d", "output_size") { a in AdaptiveAvgPool2d(try a.sizes()) }
    module("AdaptiveAvgPool3d", "output_size") { a in AdaptiveAvgPool3d(try a.sizes()) }
    addPowerAndFractionalPooling()
    adaptiveMaxPool("AdaptiveMaxPool1d", AdaptiveMaxPool1d.init) { $0.withIndices($1) }
    adaptiveMaxPool("AdaptiveMaxPool2d", AdaptiveMaxPool2d.init) { $0.withIndices($1) }
    adaptiveMaxPool("AdaptiveMaxPool3d", AdaptiveMaxPool3d.init) { $0.withIndices($1) }
  }

  private mutating func addPowerAndFractionalPooling() {
    let power = ["norm_type", "kernel_size", "stride", "ceil_mode"]
    module("LPPool1d", power) { a in try a.power(LPPool1d.init) }
    module("LPPool2d", power) { a in try a.power(LPPool2d.init) }
    module("LPPool3d", power) { a in try a.power(LPPool3d.init) }
    let fractional = ["kernel_size", "output_size", "output_ratio", "return_indices"]
    withOptionalIndices(
      "FractionalMaxPool2d", fractional, make: { a in try a.fractional(FractionalMaxPool2d.init) }
    ) { $0.withIndices($1) }
    withOptionalIndices(
      "FractionalMaxPool3d", fractional, make: { a in try a.fractional(FractionalMaxPool3d.init) }
    ) { $0.withIndices($1) }
    let window = ["kernel_size", "stride", "padding"]
    let inputs = ["input", "indices", "output_size"]
    add("MaxUnpool1d", window, inputs: inputs) { a -> MaxUnpool1d in
      try a.unpooling(MaxUnpool1d.init)
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("input"), a.tensor("indices"), outputSize: a.optionalInts("output_size")))
    }
    add("MaxUnpool2d", window, inputs: inputs) { a -> MaxUnpool2d in
      try a.unpooling(MaxUnpool2d.init)
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("input"), a.tensor("indices"), outputSize: a.optionalInts("output_size")))
    }
    add("MaxUnpool3d", window, inputs: inputs) { a -> MaxUnpool3d in
      try a.unpooling(MaxUnpool3d.init)
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("input"), a.tensor("indices"), outputSize: a.optionalInts("output_size")))
    }
  }

  private static let averaging = [
    "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override",
  ]

  private mutating func maxPool<M: Module>(
    _ name: String,
    _ make:
      @escaping @Sendable (
        _ kernelSize: any PerDimension, _ stride: (any PerDimension)?, _ padding: any PerDimension,
        _ dilation: any PerDimension, _ ceilMode: Bool
      ) -> M,
    _ withIndices: @escaping @Sendable (M, Tensor) -> (values: Tensor, indices: Tensor)
  ) where M.Input == Tensor, M.Output == Tensor {
    withOptionalIndices(
      name, ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"],
      make: { a in
        try make(
          a.intOrInts("kernel_size"), a.optionalIntOrInts("stride"),
          a.optionalIntOrInts("padding") ?? [0], a.optionalIntOrInts("dilation") ?? [1],
          a.bool("ceil_mode", default: false))
      }, withIndices)
  }

  private mutating func adaptiveMaxPool<M: Module>(
    _ name: String, _ make: @escaping @Sendable ([Int?]) -> M,
    _ withIndices: @escaping @Sendable (M, Tensor) -> (values: Tensor, indices: Tensor)
  ) where M.Input == Tensor, M.Output == Tensor {
    withOptionalIndices(
      name, ["output_size", "return_indices"], make: { a in make(try a.sizes()) }, withIndices)
  }

  /// `return_indices` is a method of its own in Swift.
  mutating func withOptionalIndices<M: Module>(
    _ name: String, _ parameters: [String],
    make: @escaping @Sendable (Arguments) throws -> M,
    _ withIndices: @escaping @Sendable (M, Tensor) -> (values: Tensor, indices: Tensor)
  ) where M.Input == Tensor, M.Output == Tensor {
    add(name, parameters: parameters) { a in
      let module = try make(a)
      let returnsIndices = try a.bool("return_indices", default: false)
      return MadeModule(module: module, inputs: ["input"]) { a in
        let x = try a.tensor("input")
        guard returnsIndices else { return .tensor(module(x)) }
        let (values, indices) = withIndices(module, x)
        return .tuple([.tensor(values), .tensor(indices)])
      }
    }
  }
}

extension Arguments {
  fileprivate func averaging<M>(
    _ make: (
      _ kernelSize: any PerDimension, _ stride: (any PerDimension)?, _ padding: any PerDimension,
      _ ceilMode: Bool, _ countIncludePad: Bool, _ divisorOverride: Int?
    ) -> M
  ) throws -> M {
    try make(
      intOrInts("kernel_size"), optionalIntOrInts("stride"), optionalIntOrInts("padding") ?? [0],
      bool("ceil_mode", default: false), bool("count_include_pad", default: true),
      optionalInt("divisor_override"))
  }

  fileprivate func power<M>(
    _ make: (
      _ normType: Double, _ kernelSize: any PerDimension, _ stride: (any PerDimension)?,
      _ ceilMode: Bool
    ) -> M
  ) throws -> M {
    try make(
      double("norm_type"), intOrInts("kernel_size"), optionalIntOrInts("stride"),
      bool("ceil_mode", default: false))
  }

  fileprivate func fractional<M>(
    _ make: (
      _ kernelSize: any PerDimension, _ outputSize: (any PerDimension)?, _ outputRatio: [Double]?,
      _ randomSamples: Tensor?
    ) -> M
  ) throws -> M {
    try make(
      intOrInts("kernel_size"), optionalIntOrInts("output_size"), optionalDoubles("output_ratio"),
      optionalTensor("_random_samples"))
  }

  fileprivate func unpooling<M>(
    _ make: (
      _ kernelSize: any PerDimension, _ stride: (any PerDimension)?, _ padding: any PerDimension
    ) -> M
  ) throws -> M {
    try make(
      intOrInts("kernel_size"), optionalIntOrInts("stride"), optionalIntOrInts("padding") ?? [0])
  }

  fileprivate func sizes() throws -> [Int?] { try Registry.sizes(self, "output_size") }
}
