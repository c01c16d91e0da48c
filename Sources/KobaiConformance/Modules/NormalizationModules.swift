import Kobai

extension ModuleRegistry {
  mutating func addNormalization() {
    running("BatchNorm1d", affine: true, tracks: true, BatchNorm1d.init)
    running("BatchNorm2d", affine: true, tracks: true, BatchNorm2d.init)
    running("BatchNorm3d", affine: true, tracks: true, BatchNorm3d.init)
    running("InstanceNorm1d", affine: false, tracks: false, InstanceNorm1d.init)
    running("InstanceNorm2d", affine: false, tracks: false, InstanceNorm2d.init)
    running("InstanceNorm3d", affine: false, tracks: false, InstanceNorm3d.init)
    module("LayerNorm", "normalized_shape", "eps", "elementwise_affine", "bias") { a in
      try LayerNorm(
        a.intOrInts("normalized_shape"), eps: a.double("eps", default: 1e-5),
        elementwiseAffine: a.bool("elementwise_affine", default: true),
        bias: a.bool("bias", default: true))
    }
    module("RMSNorm", "normalized_shape", "eps", "elementwise_affine") { a in
      try RMSNorm(
        a.intOrInts("normalized_shape"), eps: a.optionalDouble("eps"),
        elementwiseAffine: a.bool("elementwise_affine", default: true))
    }
    module("GroupNorm", "num_groups", "num_channels", "eps", "affine") { a in
      try GroupNorm(
        a.int("num_groups"), a.int("num_channels"), eps: a.double("eps", default: 1e-5),
        affine: a.bool("affine", default: true), bias: a.bool("bias", default: true))
    }
    module("CrossMapLRN2d", "size", "alpha", "beta", "k") { a in
      try CrossMapLRN2d(
        a.int("size"), alpha: a.double("alpha", default: 1e-4),
        beta: a.double("beta", default: 0.75), k: a.double("k", default: 1))
    }
    module("LocalResponseNorm", "size", "alpha", "beta", "k") { a in
      try LocalResponseNorm(
        a.int("size"), alpha: a.double("alpha", default: 1e-4),
        beta: a.double("beta", default: 0.75), k: a.double("k", default: 1))
    }
  }

  /// A normalization that may keep running statistics.
  private mutating func running<M: Module>(
    _ name: String, affine: Bool, tracks: Bool,
    _ make:
      @escaping @Sendable (
        _ numFeatures: Int, _ eps: Double, _ momentum: Double?, _ affine: Bool, _ bias: Bool,
        _ trackRunningStats: Bool, _ dtype: DType?
      ) -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    module(name, ["num_features", "eps", "momentum", "affine", "track_running_stats"]) { a in
      // None asks for cumulative averages, an absent argument for the usual momentum.
      let momentum = a.value("momentum") == .null ? nil : try a.double("momentum", default: 0.1)
      return try make(
        a.int("num_features"), a.double("eps", default: 1e-5), momentum,
        a.bool("affine", default: affine), a.bool("bias", default: true),
        a.bool("track_running_stats", default: tracks), nil)
    }
  }
}
