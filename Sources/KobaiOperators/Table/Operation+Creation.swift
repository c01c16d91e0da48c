extension Operation {
  static let creation: [Operation] = []
}
