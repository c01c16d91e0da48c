import KobaiTensor

extension Tensor {
  /// A differentiable draw from the categories of which this tensor holds the logits.
  ///
  ///     let weights = logits.gumbelSoftmax(tau: 0.5)          // rows sum to 1
  ///     let choice = logits.gumbelSoftmax(hard: true)         // one-hot; gradients of the soft form
  ///
  /// Jang et al., 2017, "Categorical Reparameterization with Gumbel-Softmax".
  ///
  /// - Parameters:
  ///   - tau: the temperature; the smaller, the closer to one-hot.
  ///   - hard: gives one-hot rows, differentiated as if they were not.
  ///   - dim: the dimension of the categories.
  public func gumbelSoftmax(
    tau: Double = 1, hard: Bool = false, dim: Int = -1, generator: Generator? = nil
  ) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse("gumbelSoftmax: not implemented for \(dtype); the dtype must be floating point")
    }
    guard let dim = Operands.dimension("gumbelSoftmax", dim, rank: rank) else { return .poison }
    let noise = Tensor.random(.exponential(rate: 1), shape, dtype, generator: generator)
    let soft = ((self - noise.log()) / tau).softmax(dim: dim)
    guard hard && rank > 0 else { return soft }
    let chosen = soft.detach().argmax(dim: dim, keepDim: true)
    let oneHot = Tensor.zeros(like: soft).scatter(dim: dim, index: chosen, value: 1)
    return oneHot - soft.detach() + soft
  }
}

extension Operation {
  static let gumbelSoftmax = Operation(
    "gumbelSoftmax", .random,
    samples: [
      Sample(.uniform()) { $0[0].gumbelSoftmax(tau: 0.7, generator: Generator(seed: 1)) },
      Sample(.uniform()) { $0[0].gumbelSoftmax(dim: 0, generator: Generator(seed: 1)) },
    ])
}
