/// What each epoch of a training run gave.
public struct History: Codable, Hashable, Sendable {
  /// The numbers of one epoch.
  public struct Epoch: Codable, Hashable, Sendable {
    /// From 1.
    public var number: Int
    /// The learning rate of the first parameter group in the epoch's last step.
    public var lr: Double
    /// The mean over the epoch's examples, as the parameters changed.
    public var train: Score
    /// With the parameters as they were at the epoch's end; nil without validation data.
    public var validation: Score?
    /// Wall-clock seconds, validation included.
    public var seconds: Double
  }

  /// A loss and metrics by name.
  public struct Score: Codable, Hashable, Sendable {
    /// The mean loss.
    public var loss: Double
    /// The metrics by their names.
    public var metrics: [String: Double]

    /// A loss with its metrics.
    public init(loss: Double, metrics: [String: Double] = [:]) {
      self.loss = loss
      self.metrics = metrics
    }
  }

  /// The epochs that are over, in order.
  public var epochs: [Epoch] = []

  /// No epoch yet.
  public init() {}

  /// The wall-clock seconds of all epochs, those of earlier processes included.
  public var seconds: Double { epochs.reduce(0) { $0 + $1.seconds } }

  /// The names of all metrics, sorted.
  public var metricNames: [String] {
    Set(epochs.flatMap { Array($0.train.metrics.keys) }).sorted()
  }

  /// A table with a row for each epoch; missing numbers are empty.
  ///
  ///     epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds
  ///     1,0.001,0.41,0.88,0.12,0.96,3.2
  public var csv: String {
    let names = metricNames
    var header = ["epoch", "lr", "train_loss"] + names.map { "train_\($0)" }
    header += ["validation_loss"] + names.map { "validation_\($0)" } + ["seconds"]
    var lines = [header]
    for epoch in epochs {
      var row = ["\(epoch.number)", "\(epoch.lr)", "\(epoch.train.loss)"]
      row += names.map { epoch.train.metrics[$0].map { "\($0)" } ?? "" }
      row.append(epoch.validation.map { "\($0.loss)" } ?? "")
      row += names.map { epoch.validation?.metrics[$0].map { "\($0)" } ?? "" }
      lines.append(row + ["\(epoch.seconds)"])
    }
    return lines.map { $0.joined(separator: ",") + "\n" }.joined()
  }
}
