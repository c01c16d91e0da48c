import Kobai
import KobaiCharts

/// The pictures and the page that a run leaves.
struct RunReport {
  let config: RunConfig
  let history: History
  let evaluation: Evaluation
  let summary: Summary
  /// The test images, unprepared.
  let images: LabeledImages?
  let seconds: Double

  func write(to folder: RunFolder) throws {
    try curve.write(to: folder.learningCurve)
    if config.task == .classification { try confusionMatrix.write(to: folder.confusionMatrix) }
    try page.write(to: folder.report)
  }

  private var curve: LearningCurve {
    func part(_ score: (History.Epoch) -> History.Score?) -> LearningCurve.History {
      let scores = history.epochs.compactMap(score)
      return LearningCurve.History(
        losses: scores.map(\.loss), accuracies: scores.compactMap { $0.metrics["accuracy"] })
    }
    return LearningCurve(train: part(\.train), validation: part(\.validation))
  }

  private var confusionMatrix: ConfusionMatrixChart {
    ConfusionMatrixChart(counts: evaluation.confusion, classes: config.classes)
  }

  private var page: HTMLReport {
    var page = HTMLReport(
      title: "\(config.network.rawValue) on \(name)",
      subtitle: "\(config.optimizer.rawValue), learning rate \(config.lr), batches of "
        + "\(config.batchSize), \(history.epochs.count) epochs, seed \(config.seed)")
    switch config.task {
    case .classification:
      page.tile("test accuracy", evaluation.accuracy.fixed(4), note: "\(evaluation.count) examples")
    case .regression:
      page.tile("test R²", evaluation.r2.fixed(4), note: "\(evaluation.count) examples")
      page.tile("root mean squared error", evaluation.rmse.fixed(4))
    }
    page.tile("test loss", evaluation.loss.fixed(4))
    page.tile("parameters", summary.parameterCount.grouped)
    page.tile("seconds", seconds.fixed(1))
    page.heading("Learning curve")
    page.figure(curve)
    switch config.task {
    case .classification:
      page.heading("Which class was taken for which")
      page.figure(confusionMatrix, caption: "Rows: the true class. Columns: the network's answer.")
      addMistakes(to: &page)
    case .regression:
      page.heading("Predicted and true")
      page.figure(scatter)
    }
    page.heading("The network")
    page.preformatted("\(summary)")
    page.heading("Epochs")
    let rows = history.csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    page.table(header: rows.first ?? [], rows: Array(rows.dropFirst()))
    return page
  }

  /// The data's name: of a file without its folder.
  private var name: String {
    config.data.split(separator: "/").last.map(String.init) ?? config.data
  }

  private func addMistakes(to page: inout HTMLReport) {
    guard let images else { return }
    let mistakes = evaluation.mistakes.prefix(24)
    page.heading("Misread")
    guard !mistakes.isEmpty else { return page.paragraph("None of the test examples was misread.") }
    let pictures = mistakes.map { i in
      let caption =
        "\(config.classes[evaluation.targets[i]]) → \(config.classes[evaluation.predictions[i]])"
      return ImageGrid.Image(
        images.images[i], range: 0...Double(images.maximum), caption: caption, mark: .wrong)
    }
    page.figure(
      ImageGrid(pictures), caption: "The surest mistakes first: true class → the network's answer.")
  }

  private var scatter: Chart {
    Chart(xLabel: "true", yLabel: "predicted") { chart in
      chart.scatter(evaluation.trueValues, evaluation.predictedValues)
      let ends = [evaluation.trueValues.min() ?? 0, evaluation.trueValues.max() ?? 1]
      chart.plot(ends, ends, dash: .dashed)
    }
  }
}
