extension Operation {
  static let composed: [Operation] = [
    pairwiseDistance, cosineSimilarity, normalize, prelu, glu, recurrentLayer,
  ]
}
