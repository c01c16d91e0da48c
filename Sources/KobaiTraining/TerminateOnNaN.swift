/// Ends a run with an error as soon as its loss is infinite or not a number: it cannot recover from that.
///
///     trainer.callbacks = [TerminateOnNaN(), CheckpointWriter(path: "run/checkpoint.safetensors")]
///
/// Before a `CheckpointWriter` in the list, it keeps the checkpoint from before.
public final class TerminateOnNaN: TrainingCallback {
  /// Nothing is to be chosen.
  public init() {}

  public func batchDidEnd(_ trainer: Trainer) throws {
    guard let loss = trainer.runningScore?.loss, !loss.isFinite else { return }
    throw TrainingError(
      message:
        "training: the loss became \(loss) in step \(trainer.batch) of epoch \(trainer.epoch + 1): the "
        + "run diverged; try a smaller learning rate")
  }
}
