/// Something that looks on while a `Trainer` works, and may stop it.
public protocol TrainingCallback: AnyObject {
  /// Before the first step of `fit`.
  func trainingWillBegin(_ trainer: Trainer) throws
  /// After each step.
  func batchDidEnd(_ trainer: Trainer) throws
  /// After each epoch, when its numbers stand in the history.
  func epochDidEnd(_ trainer: Trainer) throws
  /// When `fit` ends, also if it was stopped or failed.
  func trainingDidEnd(_ trainer: Trainer) throws
}

extension TrainingCallback {
  public func trainingWillBegin(_ trainer: Trainer) throws {}
  public func batchDidEnd(_ trainer: Trainer) throws {}
  public func epochDidEnd(_ trainer: Trainer) throws {}
  public func trainingDidEnd(_ trainer: Trainer) throws {}
}
