import CKernels
import KobaiTensor

extension Tensor {
  /// The diagonals of the matrices in two dimensions, as a last dimension. A view.
  ///
  ///     Tensor([[1, 2], [3, 4]]).diagonal()            // tensor([1, 4])
  ///     Tensor([[1, 2], [3, 4]]).diagonal(offset: 1)   // tensor([2])
  ///
  /// - Parameter offset: above the main diagonal if positive, below if negative.
  public func diagonal(offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
    guard let plane = Diagonal.plane("diagonal", dim1, dim2, rank: rank) else { return .poison }
    return bind(Primitives.DiagonalView(Diagonal(shape, offset, plane)), self)
  }

  /// The diagonal of a matrix, or a matrix with this vector as its diagonal.
  ///
  ///     Tensor([1, 2]).diag()   // tensor([[1, 0], [0, 2]])
  public func diag(_ diagonal: Int = 0) -> Tensor {
    switch rank {
    case 1: return diagEmbed(offset: diagonal)
    case 2: return self.diagonal(offset: diagonal)
    default:
      return misuse("diag: diag(): Supports 1D or 2D tensors. Got \(rank)D; use diagonal")
    }
  }

  /// Matrices, in two new dimensions, whose diagonals are the vectors in the last dimension.
  ///
  ///     Tensor([[1, 2], [3, 4]]).diagEmbed().shape   // [2, 2, 2]
  public func diagEmbed(offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
    var shape = shape
    guard let last = shape.popLast() else {
      return misuse("diagEmbed: needs at least one dimension, but the shape is []")
    }
    guard let plane = Diagonal.plane("diagEmbed", dim1, dim2, rank: shape.count + 2) else {
      return .poison
    }
    guard offset.magnitude <= 1 << 46 else {
      return misuse("diagEmbed: the offset \(offset) gives more elements than memory can hold")
    }
    let size = last + Swift.abs(offset)
    shape.insert(size, at: Swift.min(plane.0, plane.1))
    shape.insert(size, at: Swift.max(plane.0, plane.1))
    return bind(Primitives.DiagonalEmbed(Diagonal(shape, offset, plane)), self)
  }

  /// The elements, in any shape, as the diagonal of a matrix.
  public func diagflat(offset: Int = 0) -> Tensor { flatten().diagEmbed(offset: offset) }

  /// A copy with the diagonals in two dimensions replaced by `source`.
  public func diagonalScatter(
    _ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1
  ) -> Tensor {
    guard let plane = Diagonal.plane("diagonalScatter", dim1, dim2, rank: rank) else {
      return .poison
    }
    let diagonal = Diagonal(shape, offset, plane)
    guard source.shape == diagonal.shape else {
      return misuse(
        "diagonalScatter: expected src to have a size equal to the slice of self: the diagonal has "
          + "shape \(diagonal.shape), src \(source.shape)")
    }
    let mask = bind(Primitives.DiagonalEmbed(diagonal), Tensor.full(source.shape, true))
    return Tensor.where(mask, bind(Primitives.DiagonalEmbed(diagonal), source.to(dtype)), self)
  }
}

/// The diagonals of an array in the plane of two dimensions.
struct Diagonal: Hashable, Sendable {
  let source: Shape
  let offset: Int
  let dim1, dim2: Int

  init(_ source: Shape, _ offset: Int, _ plane: (Int, Int)) {
    self.source = source
    self.offset = offset
    (dim1, dim2) = plane
  }

  static func plane(_ name: String, _ dim1: Int, _ dim2: Int, rank: Int) -> (Int, Int)? {
    guard let a = Operands.dimension(name, dim1, rank: rank),
      let b = Operands.dimension(name, dim2, rank: rank)
    else { return nil }
    guard a != b else {
      return misuse("\(name): diagonal dimensions cannot be identical \(dim1), \(dim2)", else: nil)
    }
    return (a, b)
  }

  var length: Int {
    max(
      0,
      offset >= 0
        ? min(source[dim1], source[dim2] - offset) : min(source[dim1] + offset, source[dim2]))
  }

  private var others: [Int] { source.indices.filter { $0 != dim1 && $0 != dim2 } }

  /// The other dimensions, then the diagonal.
  var shape: Shape { others.map { source[$0] } + [length] }

  func place(in strides: [Int]) -> (strides: [Int], offset: Int) {
    var first = 0
    if length > 0 { first = offset >= 0 ? offset * strides[dim2] : -offset * strides[dim1] }
    return (others.map { strides[$0] } + [strides[dim1] + strides[dim2]], first)
  }

  func batched(_ size: Int) -> Diagonal { Diagonal([size] + source, offset, (dim1 + 1, dim2 + 1)) }
}

extension Primitives {
  public struct DiagonalView: LinearOperation {
    public static let name = "diagonal"
    let diagonal: Diagonal

    init(_ diagonal: Diagonal) { self.diagonal = diagonal }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, diagonal.shape) }
    public func evaluate(_ x: Value) -> Value {
      let (strides, offset) = diagonal.place(in: x.layout.strides)
      return x.view(Layout(shape: diagonal.shape, strides: strides), offset: offset)
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(DiagonalEmbed(diagonal), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(DiagonalView(diagonal.batched(size)), x)
    }
  }

  /// Zeros with diagonals.
  public struct DiagonalEmbed: LinearOperation {
    public static let name = "diagEmbed"
    let diagonal: Diagonal

    init(_ diagonal: Diagonal) { self.diagonal = diagonal }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, diagonal.source) }
    public func evaluate(_ x: Value) -> Value {
      let layout = Layout(contiguous: diagonal.source)
      let size = x.dtype.size
      return Value.make(x.dtype, layout) { out in
        out.initializeMemory(as: UInt8.self, repeating: 0, count: layout.count * size)
        guard x.count > 0 else { return }
        let (steps, offset) = diagonal.place(in: layout.strides)
        x.withElements { pointer, strides in
          kb_copy(size, steps.count, x.shape, pointer, strides, out + offset * size, steps)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(DiagonalView(diagonal), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(DiagonalEmbed(diagonal.batched(size)), x)
    }
  }
}

extension Operation {
  static let diagonal = Operation(
    "diagonal", .movement, primitives: [Primitives.DiagonalView.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4])) { $0[0].diagonal() },
      Sample(.uniform(-2...2, [2, 3, 3])) { $0[0].diagonal(offset: -1, dim1: -1, dim2: 0) },
      Sample(.uniform(-2...2, [2, 2])) { $0[0].diagonal(offset: 3) },
      Sample(.uniform(-2...2, [3, 3])) { $0[0].diag(1) },
    ])
  static let diagEmbed = Operation(
    "diagEmbed", .movement, primitives: [Primitives.DiagonalEmbed.self],
    samples: [
      Sample(.uniform()) { $0[0].diagEmbed() },
      Sample(.uniform()) { $0[0].diagEmbed(offset: -1, dim1: 0, dim2: -1) },
      Sample(.uniform(-2...2, [3])) { $0[0].diag(-1) },
      Sample(.uniform()) { $0[0].diagflat(offset: 1) },
    ])
  static let diagonalScatter = Operation(
    "diagonalScatter", .movement,
    samples: [
      Sample(.uniform(-2...2, [3, 3]), .uniform(-2...2, [2])) {
        $0[0].diagonalScatter($0[1], offset: 1)
      }
    ])
}
