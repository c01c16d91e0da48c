/// Something that looks on while a `Trainer` works, and may stop it.
public protocol TrainingCallback: AnyObject {
  /// Before the first step of `fit`.
  func trainingWillBegin(_ trainer: Trainer) throws
  /// After each step.
  func batchDidEnd(_ trainer: Trainer) throws
  /// After each epoch, when its numbers stand in the history.
  func epochDidEnd(_ trainer: Trainer) throws
  /// When `fit` ends, also if it was stopped.
  func trainingDidEnd(_ trainer: Trainer) throws
}

extension TrainingCallback {
  public func trainingWillBegin(_ trainer: Trainer) throws {}
  public func batchDidEnd(_ trainer: Trainer) throws {}
  public func epochDidEnd(_ trainer: Trainer) throws {}
  public func trainingDidEnd(_ trainer: Trainer) throws {}
}

/// Stops a run that has not become better for some epochs.
///
///     trainer.callbacks.append(EarlyStopping(patience: 3))
///
/// It reads the history alone, so that a resumed run stops where one that was never killed does.
public final class EarlyStopping: TrainingCallback {
  public let patience: Int
  public let minDelta: Double
  public let metric: String?

  /// - Parameters:
  ///   - patience: epochs without a better number after which to stop.
  ///   - metric: a metric's name, of which larger is better; nil for the loss.
  ///   - minDelta: how much better counts as better.
  public init(patience: Int, metric: String? = nil, minDelta: Double = 0) {
    self.patience = patience
    self.metric = metric
    self.minDelta = minDelta
  }

  public func epochDidEnd(_ trainer: Trainer) {
    var (best, waited) = (-Double.infinity, 0)
    for epoch in trainer.history.epochs {
      let score = epoch.validation ?? epoch.train
      let number = metric.flatMap { score.metrics[$0] } ?? -score.loss
      if number > best + minDelta {
        (best, waited) = (number, 0)
      } else {
        waited += 1
      }
    }
    if waited >= patience { trainer.stop() }
  }
}
