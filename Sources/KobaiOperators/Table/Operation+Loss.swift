extension Operation {
  static let loss: [Operation] = []
}
