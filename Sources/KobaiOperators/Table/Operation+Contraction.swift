extension Operation {
  static let contraction: [Operation] = [
    matrixProduct, matmul, linear, einsum, convolution, conv1d, conv2d, conv3d, convTranspose1d,
    convTranspose2d, convTranspose3d, pooledConvolution, scaledDotProductAttention,
  ]
}
