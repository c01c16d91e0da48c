import Kobai
import Testing

@Suite struct SummaryTests {
  private final class Net: Module {
    let features = Sequential(Conv2d(1, 32, kernelSize: 3), ReLU(), Conv2d(32, 64, kernelSize: 3))
    let fc = Linear(64 * 24 * 24, 10)
    let dropout = Dropout(0.5)
    func forward(_ x: Tensor) -> Tensor { fc(dropout(relu(features(x)).flatten(startDim: 1))) }
  }

  @Test func countsWhatIsThere() throws {
    let net = Net()
    let summary = net.summary(inputSize: [2, 1, 28, 28])
    #expect(
      summary.rows.map(\.path) == [
        "", "features", "features.0", "features.1", "features.2", "fc", "dropout",
      ])
    #expect(summary.rows.map(\.depth) == [0, 1, 2, 2, 2, 1, 1])
    #expect(
      summary.rows.map(\.outputShapes.first) == [
        [2, 10], [2, 64, 24, 24], [2, 32, 26, 26], [2, 32, 26, 26], [2, 64, 24, 24], [2, 10],
        [2, 36864],
      ])
    // 32 · (9 + 1), 64 · (32 · 9 + 1), 10 · (36864 + 1)
    #expect(summary.rows.map(\.parameterCount) == [0, 0, 320, 0, 18496, 368_650, 0])
    #expect(summary.parameterCount == 387_466)
    #expect(summary.trainableCount == 387_466)
    #expect(summary.multiplyAdds == 2 * (320 * 26 * 26 + 18496 * 24 * 24 + 368_650))
    #expect(net.isTraining && net.dropout.isTraining)
    #expect("\(summary)".contains("Total params: 387,466"))
  }

  @Test func leavesNoHooksBehind() {
    let layer = Linear(2, 3)
    _ = layer.summary(inputSize: [1, 2])
    let before = layer.summary(inputSize: [5, 2])
    #expect(before.rows.first?.outputShapes == [[5, 3]])
  }
}
