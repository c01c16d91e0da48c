extension Operation {
  static let normalization: [Operation] = [softmax]
}
