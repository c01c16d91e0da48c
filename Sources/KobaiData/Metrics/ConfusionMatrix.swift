import KobaiOperators
import KobaiTensor

/// How often examples of each class were taken for each class, and what follows from it.
///
///     var matrix = ConfusionMatrix(classNames: ["cat", "dog"])
///     matrix.add(Tensor([0, 1, 1, 1]), Tensor([0, 0, 1, 1]))   // predictions, targets
///     matrix.accuracy        // 0.75
///     matrix.precision(1)    // 2 / 3: of what was taken for a dog
///     matrix.recall(0)       // 1 / 2: of the cats
///     print(matrix)
///     // target       cat    dog  recall     F1
///     // cat            1      1   0.500  0.667
///     // dog            0      2   1.000  0.800
///     // precision  1.000  0.667
public struct ConfusionMatrix: Sendable, Hashable, Codable {
  /// The classes' names, in the order of their numbers.
  public let classNames: [String]
  /// Rows are targets, columns predictions.
  public private(set) var counts: [[Int]]

  /// No example yet, of classes with these names.
  public init(classNames: [String]) {
    self.classNames = classNames
    counts = classNames.map { _ in classNames.map { _ in 0 } }
  }

  /// Classes without names.
  public init(classCount: Int) { self.init(classNames: (0..<classCount).map(String.init)) }

  /// Adds predictions with their targets; see `Metrics` for their forms.
  public mutating func add(_ predictions: Tensor, _ targets: Tensor, threshold: Double = 0.5) {
    let predicted = Metrics.classes(of: predictions, threshold: threshold).array(as: Int.self)
    let targets = targets.array(as: Int.self)
    guard predicted.count == targets.count else {
      return misuse(
        "ConfusionMatrix: there are \(predicted.count) predictions, but \(targets.count) targets",
        else: ())
    }
    for (prediction, target) in zip(predicted, targets) {
      guard counts.indices.contains(prediction), counts.indices.contains(target) else {
        return misuse(
          "ConfusionMatrix: class \(prediction) or \(target) is out of range for \(counts.count) classes",
          else: ())
      }
      counts[target][prediction] += 1
    }
  }

  /// The number of examples.
  public var count: Int { counts.joined().reduce(0, +) }

  /// The share of predictions that are right; NaN for none.
  public var accuracy: Double {
    Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(count)
  }

  /// Of the examples taken for a class, the share that is of it; 0 if there are none.
  public func precision(_ index: Int) -> Double {
    ratio(counts[index][index], counts.reduce(0) { $0 + $1[index] })
  }

  /// Of the examples of a class, the share taken for it; 0 if there are none.
  public func recall(_ index: Int) -> Double {
    ratio(counts[index][index], counts[index].reduce(0, +))
  }

  /// The harmonic mean of precision and recall; 0 if both are.
  public func f1(_ index: Int) -> Double {
    let (precision, recall) = (precision(index), recall(index))
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }

  /// The mean of the classes' precisions.
  public var macroPrecision: Double { mean(precision) }
  /// The mean of the classes' recalls.
  public var macroRecall: Double { mean(recall) }
  /// The mean of the classes' F1 scores.
  public var macroF1: Double { mean(f1) }

  private func mean(_ value: (Int) -> Double) -> Double {
    counts.indices.reduce(0) { $0 + value($1) } / Double(counts.count)
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }
}

extension ConfusionMatrix: CustomStringConvertible {
  /// A row for each target, a column for each prediction, with precision, recall and F1 of each class.
  public var description: String {
    let header = ["target"] + classNames + ["recall", "F1"]
    var rows = counts.indices.map { i in
      [classNames[i]] + counts[i].map(String.init)
        + [recall(i).fixed(3), f1(i).fixed(3)]
    }
    rows.append(["precision"] + counts.indices.map { precision($0).fixed(3) } + ["", ""])
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].displayWidth }.max() ?? 0
    }
    let lines = ([header] + rows).map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.displayWidth)
        line += column == 0 ? cell + padding : "  " + padding + cell
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    return lines.joined(separator: "\n")
  }
}
