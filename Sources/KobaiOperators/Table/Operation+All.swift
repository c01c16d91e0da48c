extension Operation {
  /// Every operation, by family, in the order of the folders.
  package static let all: [Operation] =
    creation + elementwise + reduction + movement + indexing + contraction + pooling
    + normalization + randomness + loss + composed
}
