import Kobai
import KobaiTensor

extension Registry {
  mutating func addNormalization() {
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
