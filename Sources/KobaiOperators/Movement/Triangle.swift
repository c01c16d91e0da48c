import CKernels
import KobaiTensor

extension Tensor {
  /// The lower triangles of the matrices in the last two dimensions, zeros above.
  ///
  ///     Tensor([[1, 2], [3, 4]]).tril()   // tensor([[1, 0], [3, 4]])
  ///
  /// - Parameter diagonal: the last diagonal that is kept, counted from the main one upwards.
  public func tril(diagonal: Int = 0) -> Tensor { triangle("tril", isUpper: false, diagonal) }

  /// The upper triangles of the matrices in the last two dimensions, zeros below.
  ///
  ///     Tensor([[1, 2], [3, 4]]).triu()   // tensor([[1, 2], [0, 4]])
  ///
  /// - Parameter diagonal: the first diagonal that is kept, counted from the main one upwards.
  public func triu(diagonal: Int = 0) -> Tensor { triangle("triu", isUpper: true, diagonal) }

  private func triangle(_ name: String, isUpper: Bool, _ diagonal: Int) -> Tensor {
    guard rank >= 2 else {
      return misuse(
        "\(name): input tensor must have at least 2 dimensions, but its shape is \(shape)")
    }
    guard Operands.takesRank(name, rank) else { return .poison }
    return bind(Primitives.Triangle(isUpper: isUpper, diagonal: diagonal), self)
  }

  /// The rows and columns of the elements of a lower triangle, as a [2, count] tensor of int64.
  ///
  ///     Tensor.trilIndices(2, 2)   // tensor([[0, 1, 1], [0, 0, 1]])
  public static func trilIndices(_ rows: Int, _ columns: Int, offset: Int = 0) -> Tensor {
    triangleIndices("trilIndices", rows, columns) { $1 - $0 <= offset }
  }

  /// The rows and columns of the elements of an upper triangle, as a [2, count] tensor of int64.
  ///
  ///     Tensor.triuIndices(2, 2)   // tensor([[0, 0, 1], [0, 1, 1]])
  public static func triuIndices(_ rows: Int, _ columns: Int, offset: Int = 0) -> Tensor {
    triangleIndices("triuIndices", rows, columns) { $1 - $0 >= offset }
  }

  private static func triangleIndices(
    _ name: String, _ rows: Int, _ columns: Int, _ isInside: (Int, Int) -> Bool
  ) -> Tensor {
    guard rows >= 0 && columns >= 0 else {
      return misuse("\(name): row and col must be non-negative, got \(rows) and \(columns)")
    }
    var (i, j): ([Int], [Int]) = ([], [])
    for row in 0..<rows {
      for column in 0..<columns where isInside(row, column) {
        i.append(row)
        j.append(column)
      }
    }
    return Tensor(i + j, shape: [2, i.count])
  }
}

extension Primitives {
  public struct Triangle: LinearOperation {
    public static let name = "triangle"
    let isUpper: Bool
    let diagonal: Int

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value {
      let layout = x.layout
      return x.withElements { pointer, strides in
        Value.make(x.dtype, layout.contiguous) { out in
          kb_triangle(
            isUpper, diagonal, x.dtype.size, layout.rank, layout.shape, pointer, strides, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(self, dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let tril = Operation(
    "tril", .movement, primitives: [Primitives.Triangle.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4])) { $0[0].tril() },
      Sample(.uniform(-2...2, [2, 3, 3])) { $0[0].tril(diagonal: -1) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].tril(diagonal: 1) },
    ])
  static let triu = Operation(
    "triu", .movement, primitives: [Primitives.Triangle.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4])) { $0[0].triu() },
      Sample(.uniform(-2...2, [2, 3, 3])) { $0[0].triu(diagonal: 2) },
      Sample(.complex(-2...2, [3, 3])) { $0[0].triu(diagonal: -1) },
    ])
}
