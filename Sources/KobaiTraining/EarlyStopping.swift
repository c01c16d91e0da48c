/// Stops a run that has not become better for some epochs.
///
///     trainer.callbacks.append(EarlyStopping(patience: 3))
///     trainer.callbacks.append(EarlyStopping(patience: 5, metric: "accuracy"))
///
/// It looks at the validation part, or at the training part where there is none, and reads the history
/// alone: a resumed run stops where one that was never killed does.
public final class EarlyStopping: TrainingCallback {
  /// Epochs without a better number after which to stop.
  public let patience: Int
  /// How much better counts as better.
  public let minDelta: Double
  /// The name of the metric that is watched; nil for the loss.
  public let metric: String?

  /// - Parameters:
  ///   - patience: epochs without a better number after which to stop.
  ///   - metric: the name of one of the trainer's metrics, which says whether larger is better; nil for the
  ///     loss.
  ///   - minDelta: how much better counts as better.
  public init(patience: Int, metric: String? = nil, minDelta: Double = 0) {
    self.patience = patience
    self.metric = metric
    self.minDelta = minDelta
  }

  public func trainingWillBegin(_ trainer: Trainer) throws { try check(trainer) }
  public func epochDidEnd(_ trainer: Trainer) throws { try check(trainer) }

  private func check(_ trainer: Trainer) throws {
    var sign = -1.0
    if let metric {
      guard let watched = trainer.metrics.first(where: { $0.name == metric }) else {
        let names = trainer.metrics.map(\.name).joined(separator: ", ")
        throw TrainingError(
          message: "EarlyStopping: the trainer has no metric \(metric); it has "
            + (names.isEmpty ? "none" : names))
      }
      sign = watched.isHigherBetter ? 1 : -1
    }
    var (best, waited) = (-Double.infinity, 0)
    for epoch in trainer.history.epochs {
      let score = epoch.validation ?? epoch.train
      let number = sign * (metric.map { score.metrics[$0] ?? .nan } ?? score.loss)
      if number > best + minDelta {
        (best, waited) = (number, 0)
      } else {
        waited += 1
      }
    }
    if waited >= patience && !trainer.history.epochs.isEmpty { trainer.stop() }
  }
}
