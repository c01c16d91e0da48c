import KobaiOperators
import KobaiTensor

/// Numbers that say how good predictions are. They are computed in float64 and outside of autograd.
///
///     Metrics.accuracy(Tensor([[0.1, 0.9], [0.8, 0.2]]), Tensor([1, 1]))   // 0.5
///
/// Predictions of classes are scores of shape [n, classes], of which the largest counts; or class
/// numbers of shape [n]; or, for two classes, floating point scores of the second one, of shape [n] or
/// [n, 1], which count as class 1 from `threshold` on. Targets are class numbers of shape [n].
public enum Metrics {
  /// The share of predictions that are right; NaN for none.
  ///
  /// - Parameter threshold: for scores of two classes; 0 if they are logits.
  public static func accuracy(
    _ predictions: Tensor, _ targets: Tensor, threshold: Double = 0.5
  ) -> Double {
    let classes = classes(of: predictions, threshold: threshold)
    guard hasSameCount("accuracy", classes, targets) else { return .nan }
    let right = classes.eq(targets.reshape([classes.count])).sum().item(as: Int.self)
    return Double(right) / Double(classes.count)
  }

  /// The share of targets that are among the k classes with the largest scores; NaN for none.
  ///
  ///     Metrics.topK(scores, targets, k: 5)
  ///
  /// A class with the same score as the target counts as before it if its number is smaller.
  ///
  /// - Parameter scores: [n, classes].
  public static func topK(_ scores: Tensor, _ targets: Tensor, k: Int) -> Double {
    guard scores.rank == 2, k >= 1, hasSameCount("topK", scores.select(dim: 1, index: 0), targets)
    else {
      return misuse(
        "topK: scores must have the shape [n, classes] and k be at least 1, but are \(scores.shape) and "
          + "\(k)", else: .nan)
    }
    let (rows, width) = (scores.shape[0], scores.shape[1])
    let values = scores.array(as: Double.self)
    var hits = 0
    for (row, target) in targets.array(as: Int.self).enumerated() {
      guard (0..<width).contains(target) else {
        return misuse("topK: target \(target) is out of range for \(width) classes", else: .nan)
      }
      let own = values[row * width + target]
      let before = (0..<width).count { other in
        let score = values[row * width + other]
        return score > own || score == own && other < target
      }
      if before < k { hits += 1 }
    }
    return Double(hits) / Double(rows)
  }

  /// The mean of squared differences.
  ///
  ///     Metrics.meanSquaredError(Tensor([1.0, 2]), Tensor([1.0, 4]))   // 2.0
  public static func meanSquaredError(_ predictions: Tensor, _ targets: Tensor) -> Double {
    guard let (p, t) = pair("meanSquaredError", predictions, targets) else { return .nan }
    return zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(p.count)
  }

  /// The mean of differences without their sign.
  ///
  ///     Metrics.meanAbsoluteError(Tensor([1.0, 2]), Tensor([1.0, 4]))   // 1.0
  public static func meanAbsoluteError(_ predictions: Tensor, _ targets: Tensor) -> Double {
    guard let (p, t) = pair("meanAbsoluteError", predictions, targets) else { return .nan }
    return zip(p, t).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(p.count)
  }

  /// The coefficient of determination R²: 1 − squared errors / squared deviations of the targets from
  /// their mean. 1 is perfect, 0 as good as always predicting the mean. For constant targets it
  /// is 1 if all predictions are right, else 0, as scikit-learn's.
  public static func r2Score(_ predictions: Tensor, _ targets: Tensor) -> Double {
    guard let (p, t) = pair("r2Score", predictions, targets) else { return .nan }
    let mean = t.reduce(0, +) / Double(t.count)
    let errors = zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let deviations = t.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    guard deviations > 0 else { return p.isEmpty ? .nan : errors == 0 ? 1 : 0 }
    return 1 - errors / deviations
  }

  /// Class numbers of shape [n]; see `Metrics`.
  static func classes(of predictions: Tensor, threshold: Double) -> Tensor {
    let predictions = predictions.detach()
    let shape = predictions.shape
    if shape.count == 2 && shape[1] > 1 { return predictions.argmax(dim: 1) }
    guard shape.count == 1 || shape.count == 2 else {
      return misuse(
        "Metrics: predictions must have the shape [n, classes] or [n], but have \(shape)")
    }
    let flat = predictions.reshape([shape[0]])
    return flat.dtype.isFloatingPoint ? flat.ge(threshold).to(.int64) : flat.to(.int64)
  }

  private static func hasSameCount(_ name: String, _ a: Tensor, _ b: Tensor) -> Bool {
    guard a.count == b.count else {
      return misuse(
        "\(name): there are \(a.count) predictions, but \(b.count) targets", else: false)
    }
    return true
  }

  /// Both as numbers; nil after a misuse. Shapes [n] and [n, 1] count as the same.
  private static func pair(
    _ name: String, _ predictions: Tensor, _ targets: Tensor
  ) -> ([Double], [Double])? {
    let (a, b) = (predictions.shape.filter { $0 != 1 }, targets.shape.filter { $0 != 1 })
    guard a == b else {
      return misuse(
        "\(name): predictions have the shape \(predictions.shape), but targets \(targets.shape)",
        else: nil)
    }
    return (predictions.array(as: Double.self), targets.array(as: Double.self))
  }
}
