extension Operation {
  static let elementwise: [Operation] = [exp, mul]
}
