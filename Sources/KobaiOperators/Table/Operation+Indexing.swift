extension Operation {
  static let indexing: [Operation] = []
}
