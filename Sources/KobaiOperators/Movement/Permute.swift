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
      return misuse(
        "t: t() expects a tensor with <= 2 dimensions, but self is \(rank)D; use mT")
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

  /// Each matrix of the last two dimensions transposed and conjugated.
  public var mH: Tensor {
    guard rank >= 2 else {
      return misuse("mH: needs at least 2 dimensions, but the shape is \(shape)")
    }
    return mT.conj()
  }

  /// All dimensions in reverse order.
  public var T: Tensor { permute(Array((0..<rank).reversed())) }

  /// A matrix transposed and conjugated; a number as it is.
  public var H: Tensor {
    guard rank == 0 || rank == 2 else {
      return misuse("H: is only supported on matrices, but the shape is \(shape); use mH")
    }
    return T.conj()
  }

  /// PyTorch's other name of `transpose`.
  public func swapaxes(_ dim0: Int, _ dim1: Int) -> Tensor { transpose(dim0, dim1) }
  /// PyTorch's other name of `transpose`.
  public func swapdims(_ dim0: Int, _ dim1: Int) -> Tensor { transpose(dim0, dim1) }

  /// Dimensions moved to other places; the others keep their order. No copy.
  ///
  ///     Tensor.zeros([2, 3, 4]).movedim(0, -1).shape   // [3, 4, 2]
  public func movedim(_ source: [Int], _ destination: [Int]) -> Tensor {
    let rank = rank
    guard source.count == destination.count else {
      return misuse(
        "movedim: Invalid source or destination dims: source (\(source) dims) should contain the "
          + "same number of dims as destination (\(destination) dims)")
    }
    var (from, to): ([Int], [Int]) = ([], [])
    for (s, d) in zip(source, destination) {
      guard let a = Operands.dimension("movedim", s, rank: rank),
        let b = Operands.dimension("movedim", d, rank: rank)
      else { return .poison }
      from.append(a)
      to.append(b)
    }
    guard Set(from).count == from.count else {
      return misuse("movedim: repeated dim in `source` (\(source))")
    }
    guard Set(to).count == to.count else {
      return misuse("movedim: repeated dim in `destination` (\(destination))")
    }
    if rank == 0 { return self }
    var order = [Int?](repeating: nil, count: rank)
    for (s, d) in zip(from, to) { order[d] = s }
    var rest = (0..<rank).filter { !from.contains($0) }[...]
    return permute(order.map { $0 ?? rest.removeFirst() })
  }

  public func movedim(_ source: Int, _ destination: Int) -> Tensor {
    movedim([source], [destination])
  }
}

extension Primitives {
  public struct Permute: LinearOperation {
    public static let name = "permute"
    /// Source dimension of each result dimension.
    package let order: [Int]

    init(_ order: [Int]) { self.order = order }

    public func infer(_ x: TensorType) -> TensorType {
      TensorType(x.dtype, order.map { x.shape[$0] })
    }
    public func evaluate(_ x: Value) -> Value { x.view(permuted(x.layout)) }

    private func permuted(_ layout: Layout) -> Layout {
      Layout(shape: order.map { layout.shape[$0] }, strides: order.map { layout.strides[$0] })
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      .view(permuted(inputs[0].layout), offset: 0)
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      var inverse = order
      for (i, d) in order.enumerated() { inverse[d] = i }
      return dy.permute(inverse)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { x.permute([0] + order.map { $0 + 1 }) }
  }
}

extension Operation {
  static let permute = Operation(
    "permute", .movement, primitives: [Primitives.Permute.self],
    samples: [
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].permute(2, 0, -2) },
      Sample(.uniform(-2...2, [])) { $0[0].permute([]) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].permute(1, 0) },
    ])
  static let transpose = Operation(
    "transpose", .movement,
    samples: [
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].transpose(0, -1) },
      Sample(.uniform(-2...2, [])) { $0[0].transpose(0, -1) },
      Sample(.uniform()) { $0[0].t() },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].T },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].mT },
      Sample(.complex()) { $0[0].mH },
      Sample(.complex()) { $0[0].H },
    ])
  static let movedim = Operation(
    "movedim", .movement,
    samples: [
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].movedim(0, -1) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].movedim([2, 0], [0, 1]) },
    ])
}
