extension Operation {
  static let reduction: [Operation] = [sum]
}
