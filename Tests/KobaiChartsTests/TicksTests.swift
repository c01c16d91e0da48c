import Foundation
import KobaiCharts
import Testing

@Suite struct TicksTests {
  /// The labels of the x axis and their places, and the factor.
  private func xLabels(_ chart: Chart) -> [(text: String, x: Double)] {
    let drawing = Drawing(chart)
    let lowest = drawing.all("text").map { $0.number("y") }.max() ?? 0
    return drawing.all("text")
      .filter { $0.number("y") == lowest && $0.attributes["text-anchor"] == "middle" }
      .map { ($0.text, $0.number("x")) }
  }

  private func chart(_ low: Double, _ high: Double, _ ticks: Ticks = .automatic) -> Chart {
    var chart = Chart()
    chart.xRange = low...high
    chart.yTicks = .hidden
    chart.xTicks = ticks
    return chart
  }

  private func number(_ text: String) -> Double? {
    Double(text.replacingOccurrences(of: "−", with: "-").replacingOccurrences(of: " %", with: ""))
  }

  @Test func stepsAreRoundAndEqual() throws {
    var generator = Lehmer(state: 42)
    for _ in 0..<300 {
      let low = Double.random(in: -900...900, using: &generator)
      let span = pow(10, Double.random(in: -1...3.5, using: &generator))
      let labels = xLabels(chart(low, low + span))
      let values = try labels.map { try #require(number($0.text)) }
      #expect(values.count >= 2 && values.count <= 15, "\(low) + \(span)")
      let step = values[1] - values[0]
      let digits = step / pow(10, log10(step * 1.000001).rounded(.down))
      #expect(
        [1, 2, 2.5, 5].contains { abs($0 - digits) < 1e-6 }, "\(low) + \(span): step \(step)")
      for (a, b) in zip(values, values.dropFirst()) { #expect(abs(b - a - step) < step * 1e-6) }
      // The ticks cover the range: no further one would fit.
      #expect(values[0] >= low - span * 1e-6 && values[0] - step < low)
      let last = try #require(values.last)
      #expect(last <= low + span * 1.000001 && last + step > low + span)
      // Labels stand where their numbers are.
      let scale = (labels[labels.count - 1].x - labels[0].x) / (last - values[0])
      for (label, value) in zip(labels, values) {
        #expect(abs(label.x - labels[0].x - (value - values[0]) * scale) < 0.03)
      }
    }
  }

  @Test func labelsShowNoRoundingErrors() {
    #expect(xLabels(chart(0, 0.6)).map(\.text).contains("0.3"))
    #expect(xLabels(chart(-1, 1)).map(\.text).contains("0.00"))
    #expect(
      xLabels(chart(0, 5, .integers)).map(\.text) == ["0", "1", "2", "3", "4", "5"])
    #expect(xLabels(chart(0.5, 1.5, .integers)).map(\.text) == ["1"])
    #expect(xLabels(chart(0, 1, .percent)).map(\.text).last == "100 %")
  }

  @Test func hugeAndTinyNumbersHaveACommonFactor() {
    for (high, factor) in [(4e9, "×10⁹"), (4e-7, "×10⁻⁷"), (3e300, "×10³⁰⁰")] {
      let drawing = Drawing(chart(0, high))
      #expect(drawing.texts.contains(factor))
    }
    #expect(!Drawing(chart(0, 4000)).texts.contains { $0.contains("×") })
    // A factor that does not shorten the labels is left out.
    #expect(!Drawing(chart(1_000_000, 1_000_002)).texts.contains { $0.contains("×") })
  }

  @Test func logarithmicAxesNamePowersOfTen() {
    var chart = chart(1, 1e6)
    chart.xScale = .log
    let labels = xLabels(chart).map(\.text)
    #expect(labels == ["10⁰", "10¹", "10²", "10³", "10⁴", "10⁵", "10⁶"])
    chart.xRange = 0.1...100
    #expect(xLabels(chart).map(\.text) == ["0.1", "1", "10", "100"])
    chart.xRange = 1...20
    #expect(xLabels(chart).map(\.text) == ["1", "2", "5", "10", "20"])
    // Less than a power of ten: as on a linear axis.
    chart.xRange = 2...5
    #expect(xLabels(chart).map(\.text).count >= 4)
  }

  @Test func namedTicksStandAtTheirNumbers() {
    let labels = xLabels(chart(0, 2, .names(["a", "b", "c", "outside"])))
    #expect(labels.map(\.text) == ["a", "b", "c"])
    #expect(abs(labels[0].x + labels[2].x - 2 * labels[1].x) < 0.03)
    #expect(xLabels(chart(0, 2, .at([0.5, 1.5, 9]))).map(\.text) == ["0.5", "1.5"])
    #expect(xLabels(chart(0, 2, .hidden)).isEmpty)
  }

  @Test(arguments: [130.0, 200, 320, 640])
  func labelsDoNotOverlap(_ width: Double) {
    for (low, high) in [(0.0, 1.0), (-1e5, 1e5), (1e9, 1e9 + 1), (-0.001, 0.002), (99, 101)] {
      let drawing = Drawing(chart(low, high), width: width)
      let labels = drawing.all("text").filter { $0.attributes["text-anchor"] == "middle" }
      for (a, b) in zip(labels, labels.dropFirst()) {
        // Six pixels for a digit of 11 pixels are less than any usual font needs.
        let room = Double(a.text.count + b.text.count) / 2 * 6
        #expect(b.number("x") - a.number("x") >= room)
      }
    }
  }
}
