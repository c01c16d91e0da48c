import KobaiTensor

extension Tensor {
  /// Zeroes each element with probability p and divides the others by 1 − p.
  ///
  /// Srivastava et al., 2014. The mask is PyTorch's for the same seed.
  ///
  /// - Parameters:
  ///   - p: in [0, 1]; at 1 the result is 0 · x, so NaN stays NaN.
  ///   - training: false gives the tensor itself.
  public func dropout(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    guard p >= 0 && p <= 1 else {
      return misuse("dropout: dropout probability has to be between 0 and 1, but got \(p.brief)")
    }
    if !training || p == 0 || count == 0 { return self }
    if p == 1 { return self * Tensor.zeros(like: self) }
    return self * Tensor.random(.dropout(p: p), like: self, generator: generator)
  }
}

extension Operation {
  static let dropout = Operation(
    "dropout", .random,
    samples: [
      Sample(.uniform()) { $0[0].dropout(p: 0.5, generator: Generator(seed: 1)) },
      Sample(.uniform()) { $0[0].dropout(p: 1) },
      Sample(.uniform()) { $0[0].dropout(training: false) },
    ],
    gaps: [.layouts: "numbers are drawn in the order of memory, as in PyTorch"])
}
