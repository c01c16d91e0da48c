import KobaiTensor

/// How the elements of a chain's arrays make a matrix: each array has an element for each place of it (wide),
/// or for each row (narrow), in this order.
struct RowShape: Hashable {
  let rows, columns: Int

  func isWide(_ shape: Shape) -> Bool {
    guard let lead = leadingCount(shape) else { return false }
    return shape[lead...].reduce(1, *) == columns
  }

  func isNarrow(_ shape: Shape) -> Bool { !shape.isEmpty && shape.reduce(1, *) == rows }

  func has(_ shape: Shape) -> Bool { isWide(shape) || isNarrow(shape) }

  /// How many leading dimensions of a wide shape number the rows.
  func leadingCount(_ shape: Shape) -> Int? {
    var count = 1
    for (d, size) in shape.enumerated() {
      if count == rows { return d }
      count *= size
    }
    return nil
  }

  /// Whether an array of this shape that is broadcast to a wide one has an element for each row.
  func repeats(_ source: Shape, to target: Shape) -> Bool {
    guard isWide(target), let lead = leadingCount(target), source.count <= target.count else {
      return false
    }
    let padded = Shape(repeating: 1, count: target.count - source.count) + source
    return padded[..<lead] == target[..<lead] && padded[lead...].allSatisfy { $0 == 1 }
  }

  /// The distances in elements between rows and between columns of an array; nil where there is no single one.
  func strides(_ layout: Layout) -> (row: Int, column: Int)? {
    if layout.rank == 0 { return (0, 0) }
    let lead = isWide(layout.shape) ? leadingCount(layout.shape) ?? 0 : layout.rank
    func stride(_ dims: Range<Int>) -> Int? {
      var (result, count) = (0, 1)
      for d in dims.reversed() where layout.shape[d] != 1 {
        if count == 1 { result = layout.strides[d] }
        guard layout.strides[d] == result * count else { return nil }
        count *= layout.shape[d]
      }
      return result
    }
    guard let row = stride(0..<lead), let column = stride(lead..<layout.rank) else { return nil }
    return (row, column)
  }
}
