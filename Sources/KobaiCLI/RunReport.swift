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

  func write(to folder: RunFolder) throws {
    try curve.write(to: folder.learningCurve)
    if case .classes(let answers) = evaluation.quality {
      try chart(answers.matrix).write(to: folder.confusionMatrix)
    }
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

  private func chart(_ matrix: ConfusionMatrix) -> ConfusionMatrixChart {
    ConfusionMatrixChart(counts: matrix.counts, classes: matrix.classNames)
  }

  private var page: HTMLReport {
    var page = HTMLReport(
      title: "\(config.network.rawValue) on \(name)",
      subtitle:
        "\(config.optimizer.rawValue), learning rate \(config.lr) (\(config.schedule.rawValue)), "
        + "batches of \(config.batchSize), \(history.epochs.count) "
        + "epoch\(history.epochs.count == 1 ? "" : "s"), seed \(config.seed)")
    let examples = "\(evaluation.count.grouped) examples"
    switch evaluation.quality {
    case .classes(let answers):
      page.tile("test accuracy", answers.matrix.accuracy.fixed(4), note: examples)
    case .numbers(let answers):
      page.tile("test R²", answers.r2.fixed(4), note: examples)
      page.tile("root mean squared error", answers.rmse.fixed(4))
    }
    page.tile("test loss", evaluation.loss.fixed(4))
    page.tile("parameters", summary.parameterCount.grouped)
    page.tile("seconds", history.seconds.fixed(1))
    page.heading("Learning curve")
    page.figure(curve)
    switch evaluation.quality {
    case .classes(let answers):
      page.heading("Which class was taken for which")
      page.figure(
        chart(answers.matrix), caption: "Rows: the true class. Columns: the network's answer.")
      addMistakes(answers, to: &page)
    case .numbers(let answers):
      page.heading("Predicted and true")
      page.figure(scatter(answers))
    }
    page.heading("The network")
    page.preformatted("\(summary)")
    page.heading("Epochs")
    addEpochs(to: &page)
    return page
  }

  /// The history, with as many digits as one reads.
  private func addEpochs(to page: inout HTMLReport) {
    let names = history.metricNames
    func cells(_ score: History.Score?) -> [String] {
      [score?.loss.fixed(4) ?? ""] + names.map { score?.metrics[$0]?.fixed(4) ?? "" }
    }
    let header =
      ["epoch", "learning rate", "train loss"] + names.map { "train \($0)" } + ["validation loss"]
      + names.map { "validation \($0)" } + ["seconds"]
    let rows = history.epochs.map { epoch in
      ["\(epoch.number)", epoch.lr.fixed(6)] + cells(epoch.train) + cells(epoch.validation)
        + [epoch.seconds.fixed(1)]
    }
    page.table(header: header, rows: rows)
  }

  /// The data's name: of a file without its folder.
  private var name: String {
    config.data.split(separator: "/").last.map(String.init) ?? config.data
  }

  private func addMistakes(_ answers: Evaluation.Classes, to page: inout HTMLReport) {
    guard let images else { return }
    let mistakes = answers.mistakes.prefix(24)
    page.heading("Misread")
    guard !mistakes.isEmpty else { return page.paragraph("None of the test examples was misread.") }
    let pictures = mistakes.map { i in
      let caption =
        "\(config.classes[answers.targets[i]]) → \(config.classes[answers.predictions[i]])"
      return ImageGrid.Image(
        images.images[i], range: 0...Double(images.maximum), caption: caption, mark: .wrong)
    }
    page.figure(
      ImageGrid(pictures), caption: "The surest mistakes first: true class → the network's answer.")
  }

  private func scatter(_ answers: Evaluation.Numbers) -> Chart {
    let name = config.target ?? ""
    return Chart(xLabel: "true \(name)", yLabel: "predicted \(name)") { chart in
      chart.scatter(answers.targets, answers.predictions)
      let ends = [answers.targets.min() ?? 0, answers.targets.max() ?? 1]
      chart.plot(ends, ends, dash: .dashed)
    }
  }
}
