import Foundation
import Kobai
import Testing

// Every name that a user's operation needs means Kobai's, also beside Foundation, which has an
// `Operation` and an `Expression` of its own.

/// x · log x, its expression made by a function.
private struct TimesItsLog: UnaryElementwise {
  static let name = "timesItsLog"
  static let body = Program.unary(expression)
  static func expression(_ x: ElementwiseExpression) -> ElementwiseExpression { x * .log(x) }
  var program: Program { Self.body }
  var residuals: Residuals { .input }
  func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.log() + 1 }
}

@Suite struct FoundationTests {
  @Test func anOperationBesideFoundation() {
    let x = Tensor([1.0, 2.0], dtype: .float64)
    let y = bind(TimesItsLog(), x).array(as: Double.self)
    #expect(y[0] == 0 && Foundation.fabs(y[1] - 2 * Foundation.log(2)) < 1e-15)
    let slope = grad { bind(TimesItsLog(), $0).sum() }(x).array(as: Double.self)
    #expect(slope[0] == 1 && Foundation.fabs(slope[1] - 1 - Foundation.log(2)) < 1e-15)
  }

  /// Complex numbers come with Kobai.
  @Test func complexNumbersNeedNoOtherModule() {
    let z = Tensor([Complex(1.0, 2.0), Complex(0.0, -1.0)])
    #expect((z * z).real.array(as: Double.self) == [-3, -1])
  }
}
