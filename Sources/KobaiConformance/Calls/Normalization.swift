import Kobai
import KobaiTensor

extension Registry {
  mutating func addNormalization() {
    tensor(
      "torch.nn.functional.batch_norm", "input", "running_mean", "running_var", "weight", "bias",
      "training", "momentum", "eps"
    ) { a in
      // What training updates must be buffers.
      let mean = try a.optionalTensor("running_mean")?.asState(requiresGrad: false)
      let variance = try a.optionalTensor("running_var")?.asState(requiresGrad: false)
      let result = try a.tensor("input").batchNorm(
        runningMean: mean, runningVar: variance, weight: a.optionalTensor("weight"),
        bias: a.optionalTensor("bias"), training: a.bool("training", default: false),
        momentum: a.double("momentum", default: 0.1), eps: a.double("eps", default: 1e-5))
      if let mean { a.update("running_mean", to: mean.detach()) }
      if let variance { a.update("running_var", to: variance.detach()) }
      return result
    }
    tensor(
      "torch.nn.functional.layer_norm", "input", "normalized_shape", "weight", "bias", "eps"
    ) { a in
      try a.tensor("input").layerNorm(
        a.ints("normalized_shape"), weight: a.optionalTensor("weight"),
        bias: a.optionalTensor("bias"), eps: a.double("eps", default: 1e-5))
    }
    tensor("torch.nn.functional.group_norm", "input", "num_groups", "weight", "bias", "eps") { a in
      try a.tensor("input").groupNorm(
        a.int("num_groups"), weight: a.optionalTensor("weight"), bias: a.optionalTensor("bias"),
        eps: a.double("eps", default: 1e-5))
    }
    tensor("torch.nn.functional.rms_norm", "input", "normalized_shape", "weight", "eps") { a in
      try a.tensor("input").rmsNorm(
        a.ints("normalized_shape"), weight: a.optionalTensor("weight"), eps: a.optionalDouble("eps")
      )
    }
    tensor(
      "torch.nn.functional.scaled_dot_product_attention", "query", "key", "value", "attn_mask",
      "dropout_p", "is_causal", "scale", "enable_gqa"
    ) { a in
      try scaledDotProductAttention(
        a.tensor("query"), a.tensor("key"), a.tensor("value"),
        attnMask: a.optionalTensor("attn_mask"), dropoutP: a.double("dropout_p", default: 0),
        isCausal: a.bool("is_causal", default: false), scale: a.optionalDouble("scale"),
        enableGQA: a.bool("enable_gqa", default: false))
    }
    tensor(
      "torch.nn.functional.embedding", "input", "weight", "padding_idx", "max_norm", "norm_type",
      "scale_grad_by_freq", "sparse"
    ) { a in
      // A sparse gradient has the same elements.
      _ = try a.bool("sparse", default: false)
      let (index, normType) = (try a.tensor("input"), try a.double("norm_type", default: 2))
      var weight = try a.tensor("weight")
      let maxNorm = try a.optionalDouble("max_norm")
      if let maxNorm, weight.state == nil {
        // Only a live weight is changed by the call itself.
        weight.embeddingRenorm_(index, maxNorm: maxNorm, normType: normType)
        a.update("weight", to: weight)
      }
      return try index.embedding(
        weight, paddingIdx: a.optionalInt("padding_idx"),
        maxNorm: weight.state == nil ? nil : maxNorm, normType: normType,
        scaleGradByFreq: a.bool("scale_grad_by_freq", default: false))
    }
  }
}
