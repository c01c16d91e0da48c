extension Operation {
  static let normalization: [Operation] = []
}
