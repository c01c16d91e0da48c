import Foundation
import Kobai
import KobaiCharts
import Testing

@Suite struct ChartTests {
  /// Charts of every kind, with data that is hard to draw.
  static let samples: [(String, Chart)] = {
    func chart(_ build: (inout Chart) -> Void) -> Chart {
      Chart(title: "a <title> & \"more\"", xLabel: "x", yLabel: "y", build)
    }
    let xs = (0..<50).map { Double($0) / 5 }
    return [
      ("empty", chart { _ in }),
      ("no points", chart { $0.plot([] as [Double], label: "none") }),
      ("one point", chart { $0.plot([3.0], [-1e-9], marker: .circle) }),
      ("all equal", chart { $0.plot([5, 5, 5, 5]) }),
      ("only gaps", chart { $0.plot([.nan, .infinity, -.infinity] as [Double]) }),
      ("gaps", chart { $0.plot([1, .nan, 2, 3, .nan, 4, 5] as [Double], label: "a<b") }),
      ("huge", chart { $0.plot([-1e300, 1.7e308, -1.7e308, 4]) }),
      ("tiny", chart { $0.plot([Double.leastNonzeroMagnitude, 1e-300, -1e-300]) }),
      ("far from zero", chart { $0.plot([1e9, 1e9 + 1e-3, 1e9 + 2e-3]) }),
      (
        "logarithmic",
        chart {
          $0.plot([1e-12, 3, 0, -4, 1e9])
          $0.yScale = .log
        }
      ),
      (
        "nothing positive",
        chart {
          $0.plot([-1, 0, -2])
          $0.yScale = .log
          $0.xScale = .log
        }
      ),
      (
        "cut",
        chart {
          $0.plot(xs, xs.map { sin($0) * 10 }, marker: .square)
          $0.fillBetween(xs, xs.map { sin($0) * 9 }, xs.map { sin($0) * 11 })
          $0.scatter(xs, xs, marker: .cross)
          $0.hist(xs)
          $0.errorbar(xs, xs, error: xs)
          $0.axhline(1000)
          $0.axvline(3)
          $0.text(3, 3, "here")
          $0.xRange = 2...7
          $0.yRange = -1...6
        }
      ),
      (
        "bars",
        chart {
          $0.bar(["a", "b", "a"], [1, -2, 3], label: "first")
          $0.bar(["a", "c"], [.nan, 2], label: "second")
        }
      ),
      (
        "bars to the right",
        chart {
          $0.barh(
            (0..<40).map { "a rather long name of class \($0)" }, (0..<40).map { Double($0) })
        }
      ),
      (
        "long names",
        chart { $0.bar((0..<60).map { "name number \($0)" }, Array(0..<60)) }
      ),
      ("histogram of nothing", chart { $0.hist([] as [Double]) }),
      ("histogram of one", chart { $0.hist([7]) }),
      (
        "contours",
        chart {
          $0.contour(x: -10...10, y: -2...2, levels: .logarithmic(8)) { $0 * $0 / 4 + 16 * $1 * $1 }
          $0.plot([-9, -8, -7], [1.8, -1, 0.5], label: "path", marker: .circle)
        }
      ),
      (
        "heat map",
        chart {
          $0.heatmap(x: 0...1, y: 0...2, resolution: 20, label: "height") { $0 * $1 }
          $0.equalAxes = true
        }
      ),
      ("image", chart { $0.imshow([[0, 1, .nan], [2, 3, 4]], label: "weight") }),
      ("flat image", chart { $0.imshow([[1, 1], [1, 1]]) }),
      (
        "many series",
        chart {
          for k in 0..<30 { $0.plot([Double(k), Double(30 - k)], label: "series number \(k)") }
        }
      ),
      (
        "legend on the right",
        chart {
          for k in 0..<60 { $0.plot([Double(k), 1], label: "a series with number \(k)") }
          $0.legend = .right
        }
      ),
    ]
  }()

  @Test(arguments: samples.map(\.0), [150.0, 320, 640, 1600])
  func isWellFormedAndInside(_ name: String, _ width: Double) throws {
    let chart = try #require(Self.samples.first { $0.0 == name }?.1)
    let svg = chart.svg(width: width)
    let drawing = Drawing(svg)
    #expect(drawing.error == nil)
    #expect(drawing.size.width == width)
    #expect(drawing.isInside)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    #expect(svg == chart.svg(width: width))
    #expect(drawing.all("title").first?.text == "a <title> & \"more\"")
  }

  /// The border of the plot: the only path of three corners with the colour of frames.
  private func area(_ drawing: Drawing) throws -> CGRect {
    let path = try #require(
      drawing.all("path").first {
        $0.attributes["stroke"] == "#9aa3ad" && Drawing.points($0).count >= 3
      })
    let points = Drawing.points(path)
    return CGRect(
      x: points[1].x, y: points[0].y, width: points[2].x - points[1].x,
      height: points[1].y - points[0].y)
  }

  @Test func pointsStandWhereTheirNumbersAre() throws {
    var chart = Chart()
    chart.scatter([0, 1, 4], [10, 30, 20])
    chart.xRange = 0...4
    chart.yRange = 10...30
    let drawing = Drawing(chart)
    let area = try area(drawing)
    let points = drawing.all("circle").map { ($0.number("cx"), $0.number("cy")) }
    let expected = [
      (area.minX, area.maxY), (area.minX + area.width / 4, area.minY), (area.maxX, area.midY),
    ]
    #expect(points.count == 3)
    for (a, b) in zip(points, expected) {
      #expect(abs(a.0 - b.0) < 0.02 && abs(a.1 - b.1) < 0.02)
    }
  }

  @Test func logarithmicAxesShowRatios() throws {
    var chart = Chart()
    chart.scatter([1, 10, 100], [1, 100, 10000])
    (chart.xScale, chart.yScale) = (.log, .log)
    let points = Drawing(chart).all("circle").map { ($0.number("cx"), $0.number("cy")) }
    #expect(points.count == 3)
    #expect(abs(points[0].0 + points[2].0 - 2 * points[1].0) < 0.03)
    #expect(abs(points[0].1 + points[2].1 - 2 * points[1].1) < 0.03)
  }

  @Test func nothingIsDrawnOutsideOfTheRange() throws {
    let drawing = Drawing(try #require(Self.samples.first { $0.0 == "cut" }?.1))
    let area = try area(drawing).insetBy(dx: -0.02, dy: -0.02)
    let frame = drawing.all("path").filter { $0.attributes["stroke"] == "#9aa3ad" }.count
    #expect(frame == 1)
    for path in drawing.all("path") where path.attributes["stroke"] == "#0072b2" {
      let points = Drawing.points(path)
      // The legend is empty, so that all lines of this colour are data.
      for point in points { #expect(area.contains(CGPoint(x: point.x, y: point.y))) }
    }
    for circle in drawing.all("circle") {
      #expect(area.contains(CGPoint(x: circle.number("cx"), y: circle.number("cy"))))
    }
    for path in drawing.all("path") where path.attributes["fill-opacity"] == "0.2" {
      for point in Drawing.points(path) { #expect(area.contains(CGPoint(x: point.x, y: point.y))) }
    }
  }

  @Test func gapsBreakTheLine() {
    var chart = Chart()
    chart.plot([1, 2, .nan, 3, 4, 5, .infinity, 6])
    let drawing = Drawing(chart)
    let lines = drawing.all("path").filter { $0.attributes["stroke"] == "#0072b2" }
    #expect(lines.map { Drawing.points($0).count } == [2, 3])
    // The last number stands alone.
    #expect(drawing.all("circle").count == 1)
  }

  @Test func aMillionPointsAreThinnedWithoutLosingPeaks() {
    var chart = Chart()
    var values = (0..<1_000_000).map { sin(Double($0) / 3000) }
    values[123_456] = 40
    chart.plot(values)
    let svg = chart.svg
    #expect(svg.utf8.count < 100_000)
    var few = Chart()
    few.plot([0, 123_456, 999_999], [-1, 40, 0])
    func top(_ chart: Chart) -> Double {
      Drawing(chart).all("path").filter { $0.attributes["stroke"] == "#0072b2" }
        .flatMap(Drawing.points).map(\.y).min() ?? .nan
    }
    #expect(abs(top(chart) - top(few)) < 0.5)
  }

  @Test func groupsOfBarsStandSideBySide() {
    var chart = Chart()
    chart.bar(["a", "b"], [1, 2], color: .blue)
    chart.bar(["b", "a"], [3, 4], color: .green)
    let bars = Drawing(chart).all("rect").filter {
      ["#0072b2", "#009e73"].contains($0.attributes["fill"])
    }
    #expect(bars.count == 4)
    let heights = bars.map { $0.number("height") }
    #expect(heights.map { ($0 / heights[0] * 100).rounded() / 100 } == [1, 2, 3, 4])
    let sorted = bars.sorted { $0.number("x") < $1.number("x") }
    #expect(sorted.map { $0.attributes["fill"] } == ["#0072b2", "#009e73", "#0072b2", "#009e73"])
    for (a, b) in zip(sorted, sorted.dropFirst()) {
      #expect(a.number("x") + a.number("width") <= b.number("x"))
    }
    // "a" stands first, so that its bars are 1 and 4 high.
    #expect(sorted.map { ($0.number("height") / heights[0]).rounded() } == [1, 4, 2, 3])
  }

  @Test func histogramsCountLikeNumpy() {
    // numpy.histogram([0, 0.5, 1, 1, 1.5, 2, 2, 5, nan], bins=4, range=(0, 2)) → [1, 1, 2, 3]
    var chart = Chart()
    chart.hist([0, 0.5, 1, 1, 1.5, 2, 2, 5, .nan], bins: 4, range: 0...2, color: .blue)
    let bars = Drawing(chart).all("rect").filter { $0.attributes["fill"] == "#0072b2" }
      .map { $0.number("height") }
    #expect(bars.map { ($0 / (bars.first ?? 1) * 10).rounded() / 10 } == [1, 1, 2, 3])
  }

  @Test func legendsNameLabelledSeries() {
    var chart = Chart()
    chart.plot([1, 2], label: "first & last")
    chart.plot([2, 1])
    #expect(Drawing(chart).texts.contains("first & last"))
    chart.legend = .hidden
    #expect(!Drawing(chart).texts.contains("first & last"))
  }

  @Test func tensorsArePlottedLikeArrays() {
    let values = [0.5, 0.25, 4]
    let numbers = Chart { $0.plot([1, 2, 3], values) }
    let tensors = Chart { $0.plot(Tensor([1, 2, 3]), Tensor(values)) }
    #expect(numbers.svg == tensors.svg)
    let matrix = Chart { $0.imshow([[0, 1], [2, 3]]) }
    let tensor = Chart { $0.imshow(Tensor([[0, 1], [2, 3]])) }
    #expect(matrix.svg == tensor.svg)
  }

  @Test func misuseIsExplained() {
    #expect(throws: Misuse.self) { try recovering { _ = Chart { $0.plot([1, 2], [1, 2, 3]) } } }
    #expect(throws: Misuse.self) { try recovering { _ = Chart { $0.imshow([[1], [1, 2]]) } } }
    do {
      try recovering { _ = Chart { $0.imshow(Tensor([1, 2, 3])) } }
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix("imshow: expected a tensor of shape [H, W], got [3]"))
    }
  }
}
