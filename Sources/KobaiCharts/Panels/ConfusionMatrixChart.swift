import KobaiTensor

/// How often each true class was taken for each class.
///
///     ConfusionMatrixChart(targets: [0, 0, 1], predictions: [0, 1, 1], classes: ["cat", "dog"])
///
/// Rows are the true classes, columns the predicted ones. A cell is as dark as its share of its row;
/// it holds the count where there is room. Right of a row stands its recall.
public struct ConfusionMatrixChart: Panel {
  /// Above the matrix; empty for none.
  public var title: String
  /// `counts[i][j]`: examples of class i that were taken for class j.
  public let counts: [[Int]]
  /// One name for each class.
  public let classes: [String]

  /// A matrix that has been counted already.
  ///
  /// - Parameters:
  ///   - counts: as many rows as columns.
  ///   - classes: their names; the numbers from 0 where there are none.
  public init(counts: [[Int]], classes: [String] = [], title: String = "Confusion matrix") {
    let size = counts.count
    if let odd = counts.first(where: { $0.count != size }) {
      misuse(
        "ConfusionMatrixChart: needs as many columns as rows, but \(size) rows and a row of "
          + "\(odd.count) counts were given", else: ())
    }
    let names = (0..<size).map { classes.indices.contains($0) ? classes[$0] : "\($0)" }
    self.counts = counts.map { row in
      (0..<size).map { row.indices.contains($0) ? row[$0] : 0 }
    }
    self.classes = names
    self.title = title
  }

  /// Counts pairs of true and predicted class numbers, from 0.
  ///
  /// There are as many classes as names, or as the greatest number needs.
  public init(
    targets: some PlotData, predictions: some PlotData, classes: [String] = [],
    title: String = "Confusion matrix"
  ) {
    let (targets, predictions) = (targets.plotValues, predictions.plotValues)
    Chart.check(
      "ConfusionMatrixChart", "targets", targets.count, "predictions", predictions.count)
    if let odd = (targets + predictions).first(where: { !($0 >= 0 && $0 < 10_000) }) {
      misuse(
        "ConfusionMatrixChart: class numbers must be from 0 to 9999, but one is \(odd)", else: ())
    }
    let pairs = zip(targets, predictions).filter { pair in
      [pair.0, pair.1].allSatisfy { $0 >= 0 && $0 < 10_000 }
    }.map { (Int($0.0), Int($0.1)) }
    let size = max(classes.count, (pairs.map { max($0.0, $0.1) }.max() ?? -1) + 1)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: size), count: size)
    for (target, prediction) in pairs { counts[target][prediction] += 1 }
    self.init(counts: counts, classes: classes, title: title)
  }

  /// The share of all examples that lie on the diagonal; nil without examples.
  public var accuracy: Double? {
    let total = counts.joined().reduce(0, +)
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    return total == 0 ? nil : Double(right) / Double(total)
  }

  /// The share of row `i` that lies on the diagonal; nil for a class without examples.
  public func recall(_ i: Int) -> Double? {
    let total = counts[i].reduce(0, +)
    return total == 0 ? nil : Double(counts[i][i]) / Double(total)
  }

  /// Cells are squares, so that the height follows from the number of classes.
  public func height(forWidth width: Double) -> Double {
    ConfusionMatrixLayout(self, width: width).height
  }

  /// Draws the matrix with names, recalls and the accuracy inside of `frame`.
  public func draw(on canvas: inout Canvas, in frame: Rectangle) {
    ConfusionMatrixLayout(self, width: frame.width).draw(on: &canvas, in: frame)
  }
}
