import CKernels
import KobaiTensor

extension Tensor {
  /// The elements in reverse order along some dimensions. A copy.
  ///
  ///     Tensor([[1, 2], [3, 4]]).flip(0)   // tensor([[3, 4], [1, 2]])
  public func flip(_ dims: [Int]) -> Tensor {
    if dims.isEmpty { return self }
    guard let all = Operands.dimensions("flip", dims, rank: rank) else { return .poison }
    return all.isEmpty ? self : bind(Primitives.Flip(all), self)
  }

  public func flip(_ dims: Int...) -> Tensor { flip(dims) }

  /// The columns in reverse order.
  public func fliplr() -> Tensor {
    guard rank >= 2 else {
      return misuse("fliplr: Input must be >= 2-d., but the shape is \(shape)")
    }
    return flip([1])
  }

  /// The rows in reverse order.
  public func flipud() -> Tensor {
    guard rank >= 1 else { return misuse("flipud: Input must be >= 1-d.") }
    return flip([0])
  }

  /// Elements shifted along dimensions; those that leave at one end come back at the other. Without
  /// dimensions, along the flattened tensor.
  ///
  ///     Tensor([1, 2, 3]).roll(1)   // tensor([3, 1, 2])
  public func roll(_ shifts: [Int], dims: [Int] = []) -> Tensor {
    guard !shifts.isEmpty else { return misuse("roll: `shifts` required") }
    let shape = shape
    if dims.isEmpty && shifts.count == 1 {
      return flatten().roll(shifts, dims: [0]).reshape(shape)
    }
    guard dims.count == shifts.count else {
      return misuse(
        "roll: shifts and dimensions must align. shifts: \(shifts.count), dims:\(dims.count)")
    }
    var result = self
    for (shift, dim) in zip(shifts, dims) {
      guard !shape.isEmpty else {
        return misuse("roll: Dimension specified as \(dim) but tensor has no dimensions")
      }
      guard let d = Operands.dimension("roll", dim, rank: shape.count) else { return .poison }
      if result.count == 0 { continue }
      let size = shape[d]
      let moved = ((shift % size) + size) % size
      if moved == 0 { continue }
      result = bind(Primitives.Roll(dim: d, shift: moved), result)
    }
    return result
  }

  public func roll(_ shift: Int, dim: Int? = nil) -> Tensor {
    roll([shift], dims: dim.map { [$0] } ?? [])
  }

  /// Turned by 90° `k` times in the plane of two dimensions, from the first towards the second.
  ///
  ///     Tensor([[1, 2], [3, 4]]).rot90()   // tensor([[2, 4], [1, 3]])
  public func rot90(_ k: Int = 1, dims: [Int] = [0, 1]) -> Tensor {
    guard dims.count == 2 else {
      return misuse("rot90: expected total rotation dims == 2, but got dims = \(dims.count)")
    }
    guard rank >= 2 else {
      return misuse("rot90: expected total dims >= 2, but got total dims = \(rank)")
    }
    guard let a = Operands.dimension("rot90", dims[0], rank: rank),
      let b = Operands.dimension("rot90", dims[1], rank: rank)
    else { return .poison }
    guard a != b else {
      return misuse(
        "rot90: expected rotation dims to be different, but got dim0 = \(a) and dim1 = \(b)")
    }
    switch ((k % 4) + 4) % 4 {
    case 1: return flip([b]).transpose(a, b)
    case 2: return flip([a, b])
    case 3: return flip([a]).transpose(a, b)
    default: return self
    }
  }
}

extension Primitives {
  public struct Flip: LinearOperation {
    public static let name = "flip"
    let dims: [Int]

    init(_ dims: [Int]) { self.dims = dims }

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value {
      let layout = x.layout
      if layout.count == 0 { return x }
      var strides = layout.strides
      var first = 0
      for d in dims {
        first += (layout.shape[d] - 1) * strides[d]
        strides[d] = -strides[d]
      }
      return x.withElements { pointer, _ in
        Value.make(x.dtype, layout.contiguous) { out in
          kb_copy(
            x.dtype.size, layout.rank, layout.shape, pointer + first * x.dtype.size, strides, out,
            nil)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(self, dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(Flip(dims.map { $0 + 1 }), x) }
  }

  /// By more than 0 and less than the size of the dimension.
  public struct Roll: LinearOperation {
    public static let name = "roll"
    let dim, shift: Int

    public func infer(_ x: TensorType) -> TensorType { x }
    /// The two parts, and where they begin along the dimension: the last elements come first.
    func parts(_ shape: Shape) -> [(shape: Shape, from: Int, to: Int)] {
      let first = shape[dim] - shift
      return [(first, 0), (0, shift)].map { from, to in
        var part = shape
        part[dim] = to == 0 ? shift : first
        return (part, from, to)
      }
    }
    public func evaluate(_ x: Value) -> Value {
      let (layout, size) = (x.layout, x.dtype.size)
      let steps = layout.contiguous.strides
      return x.withElements { pointer, _ in
        Value.make(x.dtype, layout.contiguous) { out in
          for part in parts(layout.shape) {
            kb_copy(
              size, layout.rank, part.shape, pointer + part.from * layout.strides[dim] * size,
              layout.strides, out + part.to * steps[dim] * size, steps)
          }
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      bind(Roll(dim: dim, shift: dy.shape[dim] - shift), dy)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(Roll(dim: dim + 1, shift: shift), x)
    }
  }
}

extension Operation {
  static let flip = Operation(
    "flip", .movement, primitives: [Primitives.Flip.self],
    samples: [
      Sample(.uniform()) { $0[0].flip(0) },
      Sample(.uniform(-2...2, [2, 3, 2])) { $0[0].flip(-1, 0) },
      Sample(.uniform(-2...2, [])) { $0[0].flip(0) },
      Sample(.uniform(-2...2, [0, 2])) { $0[0].flip(0, 1) },
      Sample(.uniform()) { $0[0].fliplr() },
      Sample(.uniform()) { $0[0].flipud() },
    ])
  static let roll = Operation(
    "roll", .movement, primitives: [Primitives.Roll.self],
    samples: [
      Sample(.uniform()) { $0[0].roll(2) },
      Sample(.uniform()) { $0[0].roll(-1, dim: -1) },
      Sample(.uniform(-2...2, [3, 4])) { $0[0].roll([1, 6], dims: [0, 1]) },
      Sample(.uniform(-2...2, [0, 2])) { $0[0].roll(1, dim: 0) },
    ])
  static let rot90 = Operation(
    "rot90", .movement,
    samples: [
      Sample(.uniform()) { $0[0].rot90() },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].rot90(-1, dims: [-1, 0]) },
      Sample(.uniform()) { $0[0].rot90(2) },
    ])
}
