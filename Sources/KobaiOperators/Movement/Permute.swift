import KobaiTensor

extension Tensor {
  /// The dimensions in another order. No copy.
  ///
  ///     Tensor.zeros([2, 3, 4]).permute(2, 0, 1).shape   // [4, 2, 3]
  public func permute(_ dims: [Int]) -> Tensor {
    let rank = rank
    guard dims.count == rank else {
      return misuse(
        "permute: \(dims.count) dimensions were given for a tensor of shape \(shape); "
          + "each of its \(rank) dimensions must be named once")
    }
    var order: [Int] = []
    for dim in dims {
      guard let d = Operands.dimension("permute", dim, rank: rank) else { return .poison }
      guard !order.contains(d) else {
        return misuse("permute: dimension \(dim) is named twice in \(dims)")
      }
      order.append(d)
    }
    return order == Array(0..<rank) ? self : bind(Primitives.Permute(order), self)
  }

  public func permute(_ dims: Int...) -> Tensor { permute(dims) }

  /// Two dimensions exchanged. No copy.
  ///
  ///     Tensor([[1, 2], [3, 4]]).transpose(0, 1)   // tensor([[1, 3], [2, 4]])
  public func transpose(_ dim0: Int, _ dim1: Int) -> Tensor {
    let rank = rank
    guard let a = Operands.dimension("transpose", dim0, rank: rank),
      let b = Operands.dimension("transpose", dim1, rank: rank)
    else { return .poison }
    if a == b { return self }
    var order = Array(0..<rank)
    order.swapAt(a, b)
    return bind(Primitives.Permute(order), self)
  }

  /// The transpose of a matrix; a vector or a number as it is.
  public func t() -> Tensor {
    guard rank <= 2 else {
      return misuse("t: expects a tensor with at most 2 dimensions, but its shape is \(shape); use mT")
    }
    return rank < 2 ? self : transpose(0, 1)
  }

  /// Each matrix of the last two dimensions transposed.
  public var mT: Tensor {
    guard rank >= 2 else {
      return misuse("mT: needs at least 2 dimensions, but the shape is \(shape)")
    }
    return transpose(-2, -1)
  }
}

extension Primitives {
  public struct Permute: LinearOperation {
    public static let name = "permute"
    /// Source dimension of each result dimension.
    let order: [Int]

    init(_ order: [Int]) { self.order = order }

    public func infer(_ x: TensorType) -> TensorType {
      TensorType(x.dtype, order.map { x.shape[$0] })
    }
    public func evaluate(_ x: Value) -> Value {
      let layout = x.layout
      return x.view(
        Layout(shape: order.map { layout.shape[$0] }, strides: order.map { layout.strides[$0] }))
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      var inverse = order
      for (i, d) in order.enumerated() { inverse[d] = i }
      return dy.permute(inverse)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { x.permute([0] + order.map { $0 + 1 }) }
  }
}
