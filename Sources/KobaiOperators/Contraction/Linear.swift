import KobaiTensor

/// x · weightᵀ + bias: a fully connected layer.
///
///     linear(Tensor([1.0, 2.0]), weight: Tensor([[1.0, 1.0]]), bias: Tensor([0.5]))   // tensor([3.5000])
///
/// - Parameters:
///   - x: [..., in].
///   - weight: [out, in], or [in] for a single output without its dimension.
///   - bias: [out] or [].
/// - Returns: [..., out].
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil) -> Tensor {
  let (a, b) = (x.shape, weight.shape)
  guard b.count == 1 || b.count == 2 else {
    return misuse("linear: weight must have 1 or 2 dimensions, but its shape is \(b)")
  }
  guard let inner = a.last, inner == b[b.count - 1] else {
    return misuse(
      "linear: mat1 and mat2 shapes cannot be multiplied: input \(a) and weight \(b); the last sizes "
        + "must be equal")
  }
  let transposed = b.count == 1 ? weight : weight.t()
  guard let bias else { return x.matmul(transposed) }
  guard Tensor.sameDType("linear", x, bias), Tensor.sameDType("linear", x, weight) else {
    return .poison
  }
  let result = Array(a.dropLast() + b.dropLast())
  guard bias.rank <= max(result.count, 1),
    Operands.broadcastShape("linear", [result, bias.shape]) == result
  else {
    return misuse("linear: bias of shape \(bias.shape) does not fit the result of shape \(result)")
  }
  // The half types round once, at the end.
  let wide = x.dtype.computing
  return (x.to(wide).matmul(transposed.to(wide)) + bias.to(wide)).to(x.dtype)
}

extension Operation {
  static let linear = Operation(
    "linear", .contraction,
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [4, 3]), .uniform(-2...2, [4])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [3])) {
        KobaiOperators.linear($0[0], weight: $0[1])
      },
    ])
}
