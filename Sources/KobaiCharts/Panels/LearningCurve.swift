/// Loss and accuracy by epoch, for training and validation.
///
///     LearningCurve(
///       train: .init(losses: [0.9, 0.4, 0.2], accuracies: [0.7, 0.88, 0.94]),
///       validation: .init(losses: [0.8, 0.5, 0.5], accuracies: [0.72, 0.86, 0.87]))
///
/// Epochs count from 1. A dotted line marks the epoch of the least validation loss. Without
/// accuracies there is one chart.
public struct LearningCurve: Panel {
  /// What was measured after each epoch; NaN where nothing was.
  public struct History: Sendable, Hashable {
    /// One for each epoch.
    public var losses: [Double]
    /// From 0 to 1.
    public var accuracies: [Double]

    /// The losses and accuracies after epochs 1, 2 …
    public init(losses: [Double], accuracies: [Double] = []) {
      self.losses = losses
      self.accuracies = accuracies
    }
  }

  /// Above both charts.
  public var title: String
  /// Measured on the training data.
  public var train: History
  /// Measured on the validation data; nil without such.
  public var validation: History?
  /// Whether the loss has a logarithmic axis.
  public var logLoss: Bool

  /// The curves of one run.
  public init(
    train: History, validation: History? = nil, title: String = "Learning curve",
    logLoss: Bool = false
  ) {
    self.train = train
    self.validation = validation
    self.title = title
    self.logLoss = logLoss
  }

  /// The epoch of the least validation loss, from 1; nil without one.
  public var bestEpoch: Int? {
    let losses = validation?.losses ?? []
    let best = losses.indices.filter { losses[$0].isFinite }.min { losses[$0] < losses[$1] }
    return best.map { $0 + 1 }
  }

  private var figure: Figure {
    var charts = [chart("Loss", \.losses)]
    if !(train.accuracies + (validation?.accuracies ?? [])).isEmpty {
      charts.append(chart("Accuracy", \.accuracies))
    }
    return Figure([charts], title: title)
  }

  private func chart(_ name: String, _ values: KeyPath<History, [Double]>) -> Chart {
    var chart = Chart(title: name, xLabel: "epoch")
    let series =
      [("train", train[keyPath: values])]
      + (validation.map { [("validation", $0[keyPath: values])] } ?? [])
    for (i, (label, values)) in series.enumerated() where !values.isEmpty {
      chart.plot(
        1...values.count, values, label: label, color: .series(i), dash: i == 0 ? .solid : .dashed,
        marker: values.count > 25 ? nil : i == 0 ? .circle : .square)
    }
    if let best = bestEpoch {
      chart.axvline(Double(best), label: "best epoch: \(best)", dash: .dotted)
    }
    chart.xTicks = .integers
    if values == \History.accuracies {
      chart.yTicks = .percent
    } else if logLoss {
      chart.yScale = .log
    }
    chart.aspect = values == \History.losses && !hasAccuracies ? 0.55 : 0.8
    return chart
  }

  private var hasAccuracies: Bool {
    !train.accuracies.isEmpty || !(validation?.accuracies ?? []).isEmpty
  }

  /// That of the charts side by side.
  public func height(forWidth width: Double) -> Double { figure.height(forWidth: width) }

  /// Draws the charts inside of `frame`.
  public func draw(on canvas: inout Canvas, in frame: Rectangle) {
    figure.draw(on: &canvas, in: frame)
  }
}
