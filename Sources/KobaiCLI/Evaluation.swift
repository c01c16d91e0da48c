import Kobai

/// How good a network is on examples that it did not learn from.
struct Evaluation {
  let task: RunConfig.Task
  let classes: [String]
  let count: Int
  let loss: Double
  /// Classification: the true and the predicted class of each example.
  let targets, predictions: [Int]
  /// Classification: how sure the network was of its answer.
  let confidences: [Double]
  /// Regression: the true and the predicted numbers.
  let trueValues, predictedValues: [Double]

  init(
    _ network: Sequential, _ part: any Dataset<(Tensor, Tensor)>, _ config: RunConfig,
    _ trainer: Trainer
  ) throws {
    let loader = TrainingData.loader(part, batchSize: 256)
    let outputs = try trainer.predict(loader)
    var answers: [Tensor] = []
    try loader.forEach { answers.append($0.1) }
    let target = Tensor.cat(answers)
    task = config.task
    classes = config.classes
    count = outputs.shape[0]
    loss = noGrad { config.loss(outputs, target).item() }
    if config.task == .classification {
      let (confidence, predicted) = outputs.softmax(dim: 1).max(dim: 1)
      targets = target.array(as: Int.self)
      predictions = predicted.array(as: Int.self)
      confidences = confidence.array(as: Double.self)
      (trueValues, predictedValues) = ([], [])
    } else {
      (targets, predictions, confidences) = ([], [], [])
      trueValues = config.numbers(target)
      predictedValues = config.numbers(outputs)
    }
  }

  /// The part that was answered rightly.
  var accuracy: Double { Double(correct) / Double(Swift.max(1, count)) }

  private var correct: Int { zip(targets, predictions).count { $0 == $1 } }

  /// 1 − residual / total sum of squares.
  var r2: Double {
    let mean = trueValues.reduce(0, +) / Double(Swift.max(1, count))
    let total = trueValues.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return 1 - squaredError / total
  }

  /// The root of the mean squared error.
  var rmse: Double { (squaredError / Double(Swift.max(1, count))).squareRoot() }

  private var squaredError: Double {
    zip(trueValues, predictedValues).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// How often class i (row) was taken for class j (column).
  var confusion: [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for (target, prediction) in zip(targets, predictions) { counts[target][prediction] += 1 }
    return counts
  }

  /// The examples that were misread, the surest mistakes first.
  var mistakes: [Int] {
    targets.indices.filter { targets[$0] != predictions[$0] }
      .sorted { confidences[$0] > confidences[$1] }
  }

  var text: String {
    switch task {
    case .classification:
      "test accuracy \(accuracy.fixed(4)) (\(correct.grouped) of \(count.grouped)), "
        + "loss \(loss.fixed(4))"
    case .regression:
      "test R² \(r2.fixed(4)), root mean squared error \(rmse.fixed(4)) on \(count.grouped) examples"
    }
  }

  var numbers: [String: Double] {
    switch task {
    case .classification: ["accuracy": accuracy, "test_loss": loss]
    case .regression: ["r2": r2, "rmse": rmse, "test_loss": loss]
    }
  }
}
