/// Lines on which a grid of numbers has one value: marching squares (Lorensen and Cline 1987, in the
/// plane), linear between neighbours.
struct ContourLines {
  /// Numbers at the crossings of `rows` and `columns` lines, row after row.
  let values: [Double]
  let rows, columns: Int

  /// A crossing of the contour with an edge of the grid, in cells from the first column and row.
  typealias Crossing = Point

  /// An edge of the grid: from (row, column) to the next column, or to the next row.
  private struct Edge: Hashable {
    let row, column: Int
    let isVertical: Bool
  }

  /// Connected lines, as long as possible; closed ones end where they began.
  func lines(at level: Double) -> [[Point]] {
    var neighbours: [Edge: [Edge]] = [:]
    var order: [Edge] = []
    for row in 0..<max(rows - 1, 0) {
      for column in 0..<max(columns - 1, 0) {
        for (a, b) in segments(row, column, level) {
          for edge in [a, b] where neighbours[edge] == nil {
            neighbours[edge] = []
            order.append(edge)
          }
          neighbours[a]?.append(b)
          neighbours[b]?.append(a)
        }
      }
    }
    var used: Set<Edge> = []
    var lines: [[Point]] = []
    // Open lines from their ends first; what is left are rings.
    let starts = order.filter { neighbours[$0]?.count == 1 } + order
    for start in starts where !used.contains(start) {
      var chain = [start]
      used.insert(start)
      while let last = chain.last,
        let next = neighbours[last]?.first(where: { !used.contains($0) })
      {
        chain.append(next)
        used.insert(next)
      }
      if chain.count > 2, let last = chain.last, neighbours[last]?.contains(start) == true {
        chain.append(start)
      }
      lines.append(chain.map { place(of: $0, level) })
    }
    return lines
  }

  private func value(_ row: Int, _ column: Int) -> Double { values[row * columns + column] }

  /// The pieces of the contour in one cell, from edge to edge.
  private func segments(_ row: Int, _ column: Int, _ level: Double) -> [(Edge, Edge)] {
    let corners = [
      value(row, column), value(row, column + 1), value(row + 1, column + 1),
      value(row + 1, column),
    ]
    guard corners.allSatisfy(\.isFinite) else { return [] }
    let edges = [
      Edge(row: row, column: column, isVertical: false),
      Edge(row: row, column: column + 1, isVertical: true),
      Edge(row: row + 1, column: column, isVertical: false),
      Edge(row: row, column: column, isVertical: true),
    ]
    let above = corners.map { $0 >= level }
    let crossed = (0..<4).filter { above[$0] != above[($0 + 1) % 4] }
    if crossed.count == 2 { return [(edges[crossed[0]], edges[crossed[1]])] }
    guard crossed.count == 4 else { return [] }
    // A saddle: the mean tells which corners are connected.
    let isHigh = corners.reduce(0) { $0 + $1 / 4 } >= level
    return isHigh == above[0]
      ? [(edges[0], edges[1]), (edges[2], edges[3])]
      : [(edges[3], edges[0]), (edges[1], edges[2])]
  }

  private func place(of edge: Edge, _ level: Double) -> Point {
    let a = value(edge.row, edge.column)
    let b =
      edge.isVertical ? value(edge.row + 1, edge.column) : value(edge.row, edge.column + 1)
    let t = min(max((level / 2 - a / 2) / (b / 2 - a / 2), 0), 1)
    return edge.isVertical
      ? Point(Double(edge.column), Double(edge.row) + t)
      : Point(Double(edge.column) + t, Double(edge.row))
  }
}

/// The levels of contour lines.
///
///     chart.contour(x: -3...3, y: -3...3, levels: 8) { x, y in x * x + y * y }
///     chart.contour(x: -3...3, y: -3...3, levels: [1, 4, 9]) { x, y in x * x + y * y }
public enum ContourLevels: Sendable, Hashable, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  /// About that many round numbers at equal differences.
  case automatic(Int)
  /// About that many at equal ratios, for values that grow fast; of the positive values.
  case logarithmic(Int)
  /// These.
  case at([Double])

  /// `levels: 8` is `.automatic(8)`.
  public init(integerLiteral value: Int) { self = .automatic(value) }
  /// `levels: [1, 4]` is `.at([1, 4])`.
  public init(arrayLiteral elements: Double...) { self = .at(elements) }

  func values(for data: [Double]) -> [Double] {
    var extent = Extent()
    extent.include(data)
    guard extent.lower < extent.upper else { return [] }
    switch self {
    case .at(let levels): return levels
    case .automatic(let count):
      let steps = Steps(extent.lower...extent.upper, limit: max(count, 1), integers: false)
      return steps.multiples.map { Numerals.product($0, steps.exponent) }
        .filter { $0 > extent.lower && $0 < extent.upper }
    case .logarithmic(let count):
      return Self.ratios(count, extent)
    }
  }

  /// 1, 2, 5, 10 … or coarser, downwards from the greatest: the least may be as small as 0.
  private static func ratios(_ count: Int, _ extent: Extent) -> [Double] {
    guard extent.upper > 0 else { return [] }
    let top = Numerals.decade(of: extent.upper)
    var levels: [Double] = []
    for decade in stride(from: top, through: max(top - count, -300), by: -1) {
      for digit in [5, 2, 1] {
        let level = Numerals.product(digit, decade)
        if level > extent.lower, level < extent.upper { levels.append(level) }
      }
    }
    return Array(levels.prefix(max(count, 1)).reversed())
  }
}
