extension Operation {
  static let reduction: [Operation] = [
    sum, mean, extremum, variance, norm, logsumexp, anyAll, cumulative, sort,
  ]
}
