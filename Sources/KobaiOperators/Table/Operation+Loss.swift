extension Operation {
  static let loss: [Operation] = [
    mseLoss, l1Loss, smoothL1Loss, huberLoss, nllLoss, crossEntropy, binaryCrossEntropy,
    binaryCrossEntropyWithLogits, klDiv, poissonNLLLoss, gaussianNLLLoss, marginRankingLoss,
    hingeEmbeddingLoss, cosineEmbeddingLoss, tripletMarginLoss, softMarginLoss,
    multilabelSoftMarginLoss, multiMarginLoss, multilabelMarginLoss, linearCrossEntropy, ctcLoss,
  ]
}
