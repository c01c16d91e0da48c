import Kobai

/// How good a network is on examples that it did not learn from.
struct Evaluation {
  /// What was measured.
  enum Quality {
    case classes(Classes)
    case numbers(Numbers)
  }

  /// The answers of a classifier.
  struct Classes {
    /// The true and the predicted class of each example.
    let targets, predictions: [Int]
    /// How sure the network was of its answer.
    let confidences: [Double]
    let matrix: ConfusionMatrix

    /// The examples that were misread, the surest mistakes first.
    var mistakes: [Int] {
      targets.indices.filter { targets[$0] != predictions[$0] }
        .sorted { confidences[$0] > confidences[$1] }
    }
  }

  /// The answers of a regression, in the unit of the table's column.
  struct Numbers {
    let targets, predictions: [Double]
    let r2: Double
    /// The root of the mean squared error.
    let rmse: Double
  }

  let count: Int
  let loss: Double
  let quality: Quality

  /// - Parameter part: the examples to answer for.
  init(
    _ network: Sequential, _ part: any Dataset<(Tensor, Tensor)>, _ config: RunConfig
  ) throws {
    var (outputs, targets): ([Tensor], [Tensor]) = ([], [])
    network.eval()
    try TrainingData.loader(part, batchSize: 256).forEach { x, y in
      outputs.append(noGrad { network(x) })
      targets.append(y)
    }
    let (output, target) = (Tensor.cat(outputs), Tensor.cat(targets))
    count = output.shape[0]
    loss = noGrad { config.loss(output, target).item() }
    switch config.task {
    case .classification:
      let (confidence, predicted) = output.softmax(dim: 1).max(dim: 1)
      var matrix = ConfusionMatrix(classNames: config.classes)
      matrix.add(predicted, target)
      quality = .classes(
        Classes(
          targets: target.array(as: Int.self), predictions: predicted.array(as: Int.self),
          confidences: confidence.array(as: Double.self), matrix: matrix))
    case .regression:
      let (truth, answer) = (config.numbers(target), config.numbers(output))
      quality = .numbers(
        Numbers(
          targets: truth.array(as: Double.self), predictions: answer.array(as: Double.self),
          r2: Metrics.r2Score(answer, truth),
          rmse: Metrics.meanSquaredError(answer, truth).squareRoot()))
    }
  }

  /// One line for people.
  var text: String {
    switch quality {
    case .classes(let answers):
      let correct = answers.matrix.counts.indices.reduce(0) { $0 + answers.matrix.counts[$1][$1] }
      return "test accuracy \(answers.matrix.accuracy.fixed(4)) (\(correct.grouped) of "
        + "\(count.grouped)), loss \(loss.fixed(4))"
    case .numbers(let answers):
      return "test R² \(answers.r2.fixed(4)), root mean squared error \(answers.rmse.fixed(4)) on "
        + "\(count.grouped) examples"
    }
  }

  /// The same for programs.
  var numbers: [String: Double] {
    switch quality {
    case .classes(let answers): ["accuracy": answers.matrix.accuracy, "test_loss": loss]
    case .numbers(let answers): ["r2": answers.r2, "rmse": answers.rmse, "test_loss": loss]
    }
  }
}
