import Foundation
import Kobai
import Testing

/// Metrics against scikit-learn's (Tools/data/metric_references.py).
struct MetricsTests {
  struct References: Decodable {
    var classification: [Classification]
    var regression: [Regression]

    struct Classification: Decodable {
      var classes: Int
      var scores: [[Double]]
      var targets: [Int]
      var matrix: [[Int]]
      var accuracy: Double
      var precision: [Double]
      var recall: [Double]
      var f1: [Double]
      var top: [Double]
    }
    struct Regression: Decodable {
      var predictions: [Double]
      var targets: [Double]
      var mse: Double
      var mae: Double
      var r2: Double?
    }

    static func recorded() throws -> References {
      let file = Bundle.module.url(
        forResource: "Resources/metric-references", withExtension: "json")
      return try JSONDecoder().decode(
        References.self, from: Data(contentsOf: try #require(file)))
    }
  }

  func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * Swift.max(1, abs(b)) }

  @Test func classificationIsThatOfScikitLearn() throws {
    for row in try References.recorded().classification {
      let scores = Tensor(row.scores, dtype: .float64)
      let targets = Tensor(row.targets)
      #expect(close(Metrics.accuracy(scores, targets), row.accuracy))
      #expect(close(Metrics.accuracy(scores.argmax(dim: 1), targets), row.accuracy))
      var matrix = ConfusionMatrix(classCount: row.classes)
      // In two pieces, as batches come.
      let half = row.targets.count / 2
      for range in [0..<half, half..<row.targets.count] {
        matrix.add(
          scores.narrow(dim: 0, start: range.lowerBound, length: range.count),
          targets.narrow(dim: 0, start: range.lowerBound, length: range.count))
      }
      #expect(matrix.counts == row.matrix && matrix.count == row.targets.count)
      #expect(close(matrix.accuracy, row.accuracy))
      for k in 0..<row.classes {
        #expect(close(matrix.precision(k), row.precision[k]))
        #expect(close(matrix.recall(k), row.recall[k]))
        #expect(close(matrix.f1(k), row.f1[k]))
      }
      #expect(close(matrix.macroF1, row.f1.reduce(0, +) / Double(row.classes)))
      for (k, share) in row.top.enumerated() {
        #expect(close(Metrics.topK(scores, targets, k: k + 1), share))
      }
    }
  }

  @Test func regressionIsThatOfScikitLearn() throws {
    for row in try References.recorded().regression {
      let (p, t) = (Tensor(row.predictions, dtype: .float64), Tensor(row.targets, dtype: .float64))
      #expect(close(Metrics.meanSquaredError(p, t), row.mse))
      #expect(close(Metrics.meanAbsoluteError(p.unsqueeze(1), t), row.mae))
      if let r2 = row.r2 { #expect(close(Metrics.r2Score(p, t), r2)) }
    }
    let constant = Tensor([2.0, 2])
    #expect(Metrics.r2Score(constant, constant) == 1)
    #expect(Metrics.r2Score(Tensor([1.0, 2]), constant) == 0)
  }

  @Test func twoClassesCanHaveOneScore() {
    let targets = Tensor([0, 1, 1, 0])
    #expect(Metrics.accuracy(Tensor([0.2, 0.5, 0.4, 0.9]), targets) == 0.5)
    #expect(Metrics.accuracy(Tensor([[-1.0], [2], [0], [-3]]), targets, threshold: 0) == 1)
    #expect(Metrics.accuracy(Tensor([0, 1, 0, 0]), targets) == 0.75)
    let parameter = Tensor([0.2, 0.7, 0.9, 0.1], requiresGrad: true)
    #expect(Metrics.accuracy(parameter, targets) == 1)
  }

  @Test func misuseIsSaid() {
    let scores = Tensor.zeros([3, 2])
    for body: () -> Void in [
      { _ = Metrics.accuracy(scores, Tensor([1, 2])) },
      { _ = Metrics.accuracy(Tensor.zeros([2, 2, 2]), Tensor([1, 2])) },
      { _ = Metrics.topK(scores, Tensor([0, 1, 2]), k: 1) },
      { _ = Metrics.topK(scores, Tensor([0, 1, 1]), k: 0) },
      { _ = Metrics.meanSquaredError(scores, Tensor([1.0, 2, 3])) },
      {
        var matrix = ConfusionMatrix(classCount: 2)
        matrix.add(Tensor([0, 1]), Tensor([0, 2]))
      },
    ] {
      #expect(throws: Misuse.self) { try recovering(body) }
    }
  }

  @Test func matricesPrintAligned() {
    var matrix = ConfusionMatrix(classNames: ["猫", "dog"])
    matrix.add(Tensor([0, 1, 1, 1]), Tensor([0, 0, 1, 1]))
    #expect(
      matrix.description == """
        target        猫    dog  recall     F1
        猫             1      1   0.500  0.667
        dog            0      2   1.000  0.800
        precision  1.000  0.667
        """)
  }

  @Test func runningMeansAreWeighted() {
    var mean = RunningMean()
    #expect(mean.mean == nil)
    var (sum, weights) = (0.0, 0.0)
    var random = SystemRandomNumberGenerator()
    var halves = [RunningMean(), RunningMean()]
    for i in 0..<1000 {
      let (number, weight) = (
        Double.random(in: -1...1, using: &random), Int.random(in: 0...9, using: &random)
      )
      mean.add(number, weight: weight)
      halves[i % 2].add(number, weight: weight)
      sum += number * Double(weight)
      weights += Double(weight)
    }
    #expect(abs((mean.mean ?? 9) - sum / weights) < 1e-12)
    halves[0].add(halves[1])
    #expect(abs((halves[0].mean ?? 9) - sum / weights) < 1e-12)
    #expect(halves[0].weight == weights)
  }
}
