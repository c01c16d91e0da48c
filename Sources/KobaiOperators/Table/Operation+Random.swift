extension Operation {
  static let randomness: [Operation] = []
}
