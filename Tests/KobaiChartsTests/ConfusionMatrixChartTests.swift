import Kobai
import KobaiCharts
import Testing

@Suite struct ConfusionMatrixChartTests {
  @Test func pairsAreCounted() {
    let chart = ConfusionMatrixChart(
      targets: [0, 0, 1, 2, 2, 2], predictions: [0, 1, 1, 2, 2, 0], classes: ["a", "b", "c"])
    #expect(chart.counts == [[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    #expect(chart.accuracy == 4.0 / 6)
    #expect(chart.recall(2) == 2.0 / 3)
    let tensors = ConfusionMatrixChart(
      targets: Tensor([0, 0, 1, 2, 2, 2]), predictions: Tensor([0, 1, 1, 2, 2, 0]))
    #expect(tensors.counts == chart.counts)
    #expect(tensors.classes == ["0", "1", "2"])
  }

  @Test func cellsHoldCountsAndShares() throws {
    let drawing = Drawing(
      ConfusionMatrixChart(counts: [[3, 1], [0, 0]], classes: ["cat", "<dog>"]))
    #expect(drawing.texts.filter { $0 == "3" || $0 == "1" }.count == 2)
    let tips = drawing.all("title").map(\.text)
    #expect(tips.contains("cat taken for <dog>: 1 (25.0 %)"))
    #expect(drawing.texts.contains("accuracy 75.0 %: 3 of 4"))
    // A class without examples has no recall.
    #expect(drawing.texts.contains("–"))
    let opacities = drawing.all("rect").filter { $0.attributes["fill"] == "#0b5394" }
      .map { $0.attributes["fill-opacity"].flatMap(Double.init) ?? 1 }
    #expect(opacities.count == 4)
    #expect(opacities[0] > opacities[1] && opacities[1] > opacities[2])
    #expect(opacities[2] == 0 && opacities[3] == 0)
  }

  @Test(arguments: [0, 1, 2, 10, 33, 41, 100], [240.0, 640])
  func anyNumberOfClassesFits(_ count: Int, _ width: Double) {
    let counts = (0..<count).map { i in (0..<count).map { $0 == i ? 90000 + i : ($0 + i) % 7 } }
    for names in [[], (0..<count).map { "a rather long name of class \($0)" }] {
      let chart = ConfusionMatrixChart(counts: counts, classes: names)
      let drawing = Drawing(chart, width: width)
      #expect(drawing.error == nil)
      #expect(drawing.isInside)
      #expect(chart.svg == chart.svg)
      // Names left of the rows do not touch each other.
      let left = drawing.all("text").filter {
        $0.attributes["text-anchor"] == "end" && $0.attributes["transform"] == nil
      }
      let rows = Dictionary(grouping: left) { $0.number("x") }.values
      for row in rows {
        for (a, b) in zip(row, row.dropFirst()) where b.text != "recall" && a.text != "recall" {
          #expect(b.number("y") - a.number("y") >= b.number("font-size"))
        }
      }
    }
  }

  @Test func notQuiteAllIsNotAll() {
    let chart = ConfusionMatrixChart(counts: [[99999, 1], [0, 5]])
    #expect(Drawing(chart).texts.contains("99.9 %"))
    #expect(Drawing(chart).texts.contains("100 %"))
  }

  @Test func misuseIsExplained() {
    #expect(throws: Misuse.self) {
      try recovering { _ = ConfusionMatrixChart(counts: [[1, 2]]) }
    }
    #expect(throws: Misuse.self) {
      try recovering { _ = ConfusionMatrixChart(targets: [0, -1], predictions: [0, 1]) }
    }
    #expect(throws: Misuse.self) {
      try recovering { _ = ConfusionMatrixChart(targets: [0], predictions: [0, 1]) }
    }
  }
}
