import Kobai
import KobaiTestSupport
import Testing

@Suite("averages of parameters")
struct ParameterAverageTests {
  private func run(_ rule: ParameterAverage.Rule) -> (ParameterAverage, Tensor) {
    let x = live([Tensor([0.0], dtype: .float64)])[0]
    let average = ParameterAverage([x], rule)
    for value in [4.0, 8, 3] {
      x.data = Tensor([value], dtype: .float64)
      average.update()
    }
    return (average, x)
  }

  @Test func mean() {
    let (average, _) = run(.mean)
    #expect(abs(average.averages[0].item() - 5) < 1e-12)
    #expect(average.updateCount.item(as: Int.self) == 3)
  }

  @Test func exponential() {
    let (average, _) = run(.exponential(decay: 0.75))
    #expect(average.averages[0].item() == 0.75 * (0.75 * 4 + 0.25 * 8) + 0.25 * 3)
  }

  @Test func appliedForAWhile() {
    let (average, x) = run(.exponential(decay: 0.5))
    #expect(average.applied { x.item() } == 4.5)
    #expect(x.item() == 3)
  }

  @Test func misuse() {
    let x = live([Tensor([0.0])])
    #expect(
      misuseMessage { _ = ParameterAverage(x, .exponential(decay: 2)) }?.contains(
        "Invalid decay value 2.0") == true)
    #expect(
      misuseMessage { _ = ParameterAverage([Tensor([0.0])]) }?.contains("not a live tensor") == true
    )
  }

  /// Numbers that PyTorch 2.13 gives.
  @Test func constantRate() {
    let optimizer = SGD(live([Tensor([0.0])]), lr: 0.1)
    let scheduler = SWALR(optimizer, swaLR: 0.02, annealEpochs: 4)
    var rates: [Double] = []
    for _ in 0..<7 {
      rates.append(optimizer.lr)
      scheduler.step()
    }
    for (rate, wanted) in zip(rates, Self.rates) { #expect(abs(rate - wanted) < 1e-12) }
  }

  static let rates = [0.1, 0.08828427124746191, 0.06, 0.0317157287525381, 0.02, 0.02, 0.02]
}
