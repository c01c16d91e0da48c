import Kobai

extension ModuleRegistry {
  mutating func addShapes() {
    module("Flatten", "start_dim", "end_dim") { a in
      try Flatten(startDim: a.int("start_dim", default: 1), endDim: a.int("end_dim", default: -1))
    }
    module("Unflatten", "dim", "unflattened_size") { a in
      try Unflatten(a.int("dim"), a.ints("unflattened_size"))
    }
    module("PixelShuffle", "upscale_factor") { a in PixelShuffle(try a.int("upscale_factor")) }
    module("PixelUnshuffle", "downscale_factor") { a in
      PixelUnshuffle(try a.int("downscale_factor"))
    }
    module("ChannelShuffle", "groups") { a in ChannelShuffle(try a.int("groups")) }
    module(
      "Upsample", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"
    ) { a in
      try Upsample(
        size: a.optionalIntOrInts("size"), scaleFactor: a.optionalDoubles("scale_factor"),
        mode: a.option(
          "mode", default: .nearest,
          [
            "nearest": .nearest, "nearest-exact": .nearestExact, "linear": .linear,
            "bilinear": .bilinear, "bicubic": .bicubic, "trilinear": .trilinear,
          ]), alignCorners: a.optionalBool("align_corners"),
        recomputeScaleFactor: a.optionalBool("recompute_scale_factor"))
    }
    module("UpsamplingNearest2d", "size", "scale_factor") { a in
      try UpsamplingNearest2d(
        size: a.optionalIntOrInts("size"), scaleFactor: a.optionalDoubles("scale_factor"))
    }
    module("UpsamplingBilinear2d", "size", "scale_factor") { a in
      try UpsamplingBilinear2d(
        size: a.optionalIntOrInts("size"), scaleFactor: a.optionalDoubles("scale_factor"))
    }
    module("Unfold", "kernel_size", "dilation", "padding", "stride") { a in
      try Unfold(
        a.intOrInts("kernel_size"), dilation: a.optionalIntOrInts("dilation") ?? [1],
        padding: a.optionalIntOrInts("padding") ?? [0],
        stride: a.optionalIntOrInts("stride") ?? [1])
    }
    module("Fold", "output_size", "kernel_size", "dilation", "padding", "stride") { a in
      try Fold(
        a.intOrInts("output_size"), a.intOrInts("kernel_size"),
        dilation: a.optionalIntOrInts("dilation") ?? [1],
        padding: a.optionalIntOrInts("padding") ?? [0],
        stride: a.optionalIntOrInts("stride") ?? [1])
    }
    padding("ReflectionPad1d", ReflectionPad1d.init)
    padding("ReflectionPad2d", ReflectionPad2d.init)
    padding("ReflectionPad3d", ReflectionPad3d.init)
    padding("ReplicationPad1d", ReplicationPad1d.init)
    padding("ReplicationPad2d", ReplicationPad2d.init)
    padding("ReplicationPad3d", ReplicationPad3d.init)
    padding("CircularPad1d", CircularPad1d.init)
    padding("CircularPad2d", CircularPad2d.init)
    padding("CircularPad3d", CircularPad3d.init)
    padding("ZeroPad1d", ZeroPad1d.init)
    padding("ZeroPad2d", ZeroPad2d.init)
    padding("ZeroPad3d", ZeroPad3d.init)
    constantPadding("ConstantPad1d", ConstantPad1d.init)
    constantPadding("ConstantPad2d", ConstantPad2d.init)
    constantPadding("ConstantPad3d", ConstantPad3d.init)
    add(
      "Embedding",
      [
        "num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type",
        "scale_grad_by_freq", "sparse",
      ], inputs: ["input"]
    ) { a in
      try Embedding(
        a.int("num_embeddings"), a.int("embedding_dim"), paddingIdx: a.optionalInt("padding_idx"),
        maxNorm: a.optionalDouble("max_norm"), normType: a.double("norm_type", default: 2),
        scaleGradByFreq: a.bool("scale_grad_by_freq", default: false))
    } call: { module, a in
      .tensor(module(try a.tensor("input")))
    }
    add(
      "EmbeddingBag",
      [
        "num_embeddings", "embedding_dim", "max_norm", "norm_type", "scale_grad_by_freq", "mode",
        "sparse", "_weight", "include_last_offset", "padding_idx",
      ], inputs: ["input", "offsets", "per_sample_weights"]
    ) { a in
      try EmbeddingBag(
        a.int("num_embeddings"), a.int("embedding_dim"), maxNorm: a.optionalDouble("max_norm"),
        normType: a.double("norm_type", default: 2),
        scaleGradByFreq: a.bool("scale_grad_by_freq", default: false),
        mode: a.option("mode", default: .mean, ["sum": .sum, "mean": .mean, "max": .max]),
        includeLastOffset: a.bool("include_last_offset", default: false),
        paddingIdx: a.optionalInt("padding_idx"))
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("input"), offsets: a.has("offsets") ? a.hostInts("offsets") : nil,
          perSampleWeights: a.optionalTensor("per_sample_weights")))
    }
    module2("CosineSimilarity", "dim", "eps", inputs: ("x1", "x2")) { a in
      try CosineSimilarity(dim: a.int("dim", default: 1), eps: a.double("eps", default: 1e-8))
    }
    module2("PairwiseDistance", "p", "eps", "keepdim", inputs: ("x1", "x2")) { a in
      try PairwiseDistance(
        p: a.double("p", default: 2), eps: a.double("eps", default: 1e-6),
        keepDim: a.bool("keepdim", default: false))
    }
  }

  private mutating func padding<M: Module>(
    _ name: String, _ make: @escaping @Sendable (any PerDimension) -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    module(name, "padding") { a in make(try a.intOrInts("padding")) }
  }

  private mutating func constantPadding<M: Module>(
    _ name: String, _ make: @escaping @Sendable (any PerDimension, Double) -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    module(name, "padding", "value") { a in try make(a.intOrInts("padding"), a.double("value")) }
  }
}
