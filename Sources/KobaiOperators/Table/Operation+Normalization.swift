extension Operation {
  static let normalization: [Operation] = [
    softmax, normalizations, layerNorm, rmsNorm, groupNorm, batchNorm, instanceNorm,
  ]
}
