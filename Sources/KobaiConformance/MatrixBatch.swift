import KobaiTensor

/// Complex matrices on the host, for checking decompositions. Simple rather than fast.
struct MatrixBatch {
  let count: Int
  let rows: Int
  let columns: Int
  private var elements: [(Double, Double)]

  /// The last two dimensions are rows and columns.
  init(_ tensor: HostTensor) {
    let shape = tensor.shape.count >= 2 ? tensor.shape : [1] + tensor.shape
    (rows, columns) = (shape[shape.count - 2], shape.last ?? 1)
    count = shape.dropLast(2).reduce(1, *)
    elements = Self.pairs(tensor)
  }

  /// The last dimension are the columns of matrices of one row.
  init(vectors tensor: HostTensor) {
    (rows, columns) = (1, tensor.shape.last ?? 1)
    count = tensor.shape.dropLast().reduce(1, *)
    elements = Self.pairs(tensor)
  }

  private init(
    _ count: Int, _ rows: Int, _ columns: Int, _ element: (Int, Int, Int) -> (Double, Double)
  ) {
    (self.count, self.rows, self.columns) = (count, rows, columns)
    elements = []
    elements.reserveCapacity(count * rows * columns)
    for b in 0..<count {
      for i in 0..<rows {
        for j in 0..<columns { elements.append(element(b, i, j)) }
      }
    }
  }

  private static func pairs(_ tensor: HostTensor) -> [(Double, Double)] {
    let numbers = tensor.numbers
    guard tensor.dtype.isComplex else { return numbers.map { ($0, 0) } }
    return stride(from: 0, to: numbers.count, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
  }

  static func identity(_ size: Int, count: Int) -> MatrixBatch {
    MatrixBatch(count, size, size) { _, i, j in (i == j ? 1 : 0, 0) }
  }

  func read(_ b: Int, _ i: Int, _ j: Int) -> (Double, Double) {
    elements[(b * rows + i) * columns + j]
  }

  /// A batch of the same size, each element from its place and a way to read this one.
  func map(
    _ body: (Int, Int, Int, (Int, Int, Int) -> (Double, Double)) -> (Double, Double)
  ) -> MatrixBatch {
    MatrixBatch(count, rows, columns) { body($0, $1, $2, read) }
  }

  var magnitudes: [Double] { elements.map { ($0.0 * $0.0 + $0.1 * $0.1).squareRoot() } }

  /// The conjugate transpose.
  var adjoint: MatrixBatch {
    MatrixBatch(count, columns, rows) { b, i, j in
      let value = read(b, j, i)
      return (value.0, -value.1)
    }
  }

  /// The first columns.
  func columns(_ kept: Int) -> MatrixBatch {
    MatrixBatch(count, rows, min(kept, columns)) { read($0, $1, $2) }
  }

  func minus(_ other: MatrixBatch) -> MatrixBatch {
    map { b, i, j, read in
      let (x, y) = (read(b, i, j), other.read(b, i, j))
      return (x.0 - y.0, x.1 - y.1)
    }
  }

  func times(_ other: MatrixBatch) -> MatrixBatch {
    MatrixBatch(count, rows, other.columns) { b, i, j in
      var sum = (0.0, 0.0)
      for k in 0..<columns {
        let (x, y) = (read(b, i, k), other.read(b, k, j))
        sum.0 += x.0 * y.0 - x.1 * y.1
        sum.1 += x.0 * y.1 + x.1 * y.0
      }
      return sum
    }
  }

  /// Column j times element j of one row of factors.
  func scalingColumns(_ factors: MatrixBatch) -> MatrixBatch {
    map { b, i, j, read in
      let (x, f) = (read(b, i, j), factors.read(b, 0, j))
      return (x.0 * f.0 - x.1 * f.1, x.0 * f.1 + x.1 * f.0)
    }
  }

  /// The sum over each row's elements, each to a power.
  func powerSums(_ power: Int) -> MatrixBatch {
    MatrixBatch(count, rows, 1) { b, i, _ in
      (0..<columns).reduce((0.0, 0.0)) { sum, j in
        let x = read(b, i, j)
        var p = (1.0, 0.0)
        for _ in 0..<power { p = (p.0 * x.0 - p.1 * x.1, p.0 * x.1 + p.1 * x.0) }
        return (sum.0 + p.0, sum.1 + p.1)
      }
    }
  }
}
