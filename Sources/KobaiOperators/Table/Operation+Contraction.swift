extension Operation {
  static let contraction: [Operation] = [matrixProduct, matmul, linear, einsum]
}
