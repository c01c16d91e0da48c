extension Operation {
  static let contraction: [Operation] = [matrixProduct]
}
