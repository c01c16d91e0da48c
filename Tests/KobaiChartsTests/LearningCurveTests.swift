import KobaiCharts
import Testing

@Suite struct LearningCurveTests {
  private let curve = LearningCurve(
    train: .init(losses: [0.9, 0.5, 0.3], accuracies: [0.5, 0.8, 0.9]),
    validation: .init(losses: [0.8, 0.4, 0.6], accuracies: [0.6, 0.85, 0.8]))

  @Test func hasTwoPanels() {
    let drawing = Drawing(curve)
    #expect(drawing.error == nil)
    #expect(drawing.isInside)
    for text in ["Loss", "Accuracy", "Learning curve"] {
      #expect(drawing.texts.filter { $0 == text }.count == 1)
    }
    for text in ["epoch", "train", "validation", "best epoch: 2"] {
      #expect(drawing.texts.filter { $0 == text }.count == 2)
    }
    #expect(curve.bestEpoch == 2)
  }

  @Test func accuracyIsOptional() {
    let drawing = Drawing(LearningCurve(train: .init(losses: [1, 0.5])))
    #expect(drawing.texts.contains("Loss"))
    #expect(!drawing.texts.contains("Accuracy"))
    #expect(!drawing.texts.contains { $0.hasPrefix("best epoch") })
  }

  @Test(arguments: [
    [], [0.5], [.nan, .nan], [.nan, 2, .infinity], Array(repeating: 1.0, count: 500),
  ])
  func anyHistoryIsDrawn(_ losses: [Double]) {
    for logLoss in [false, true] {
      let curve = LearningCurve(
        train: .init(losses: losses, accuracies: losses), validation: .init(losses: losses),
        logLoss: logLoss)
      let drawing = Drawing(curve)
      #expect(drawing.error == nil)
      #expect(drawing.isInside)
    }
  }
}

@Suite struct FigureTests {
  @Test func panelsDoNotOverlap() {
    // Each panel draws its frame, so that their places are known.
    struct Box: Panel {
      let title: String
      let ratio: Double
      func height(forWidth width: Double) -> Double { width * ratio }
      func draw(on canvas: inout Canvas, in frame: Rectangle) {
        canvas.rectangle(frame, fill: .blue)
        canvas.text(title, at: frame.center)
      }
    }
    let boxes = (0..<5).map { Box(title: "\($0)", ratio: 0.5 + Double($0) / 10) }
    let figure = Figure(boxes, columns: 2, title: "five")
    let drawing = Drawing(figure)
    #expect(drawing.isInside)
    let rects = drawing.all("rect").filter { $0.attributes["fill"] == "#0072b2" }
    #expect(rects.map { $0.number("width") } == [320, 320, 320, 320, 320])
    #expect(rects[0].number("height") == rects[1].number("height"))
    #expect(rects[0].number("height") == 320 * 0.6)
    #expect(rects[2].number("y") == rects[0].number("y") + rects[0].number("height"))
    #expect(rects[4].number("x") == 0)
    // Rows given one by one use the whole width.
    let rows = Drawing(Figure([[boxes[0], boxes[1]], [boxes[2]]]))
    let widths = rows.all("rect").filter { $0.attributes["fill"] == "#0072b2" }
      .map { $0.number("width") }
    #expect(widths == [320, 320, 640])
  }

  @Test func emptyFiguresAreDrawn() {
    for figure in [Figure([]), Figure([[]]), Figure([], columns: 0, title: "nothing")] {
      #expect(Drawing(figure).error == nil)
    }
  }
}
