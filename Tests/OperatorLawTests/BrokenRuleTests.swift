import Kobai
import KobaiTestSupport
import Testing

/// x² y with one rule that is wrong: the law that it breaks must notice.
private struct Broken: Primitive {
  static let name = "broken"
  let fault: Law?

  func infer(_ inputs: [TensorType]) -> [TensorType] {
    fault == .tracing ? [TensorType(.float16, inputs[0].shape)] : [inputs[0]]
  }

  func evaluate(_ inputs: [Value]) -> [Value] {
    let (x, y) = (Tensor(inputs[0]), Tensor(inputs[1]))
    var error = 0.0
    if fault == .precision && x.dtype == .float32 { error = 1e-3 }
    if fault == .layouts && !inputs[0].isContiguous { error = 1e-3 }
    let pairs = zip(x.array(as: Double.self), y.array(as: Double.self))
    let result = pairs.map { $0 * $0 * $1 + error }
    return [Tensor(result, shape: x.shape, dtype: x.dtype).value]
  }

  var residuals: Residuals { fault == .residuals ? .none : .inputs }

  func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    guard let dz = cotangents[0] else { return [nil, nil] }
    let (x, y) = (kept.input(0), kept.input(1))
    let factor = fault == .reverse ? 2.01 : 2
    let slope = fault == .secondOrder ? x.detach() : x
    return [factor * slope * y * dz, x * x * dz]
  }

  func pushforward(_ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] {
    let (x, y) = (inputs[0], inputs[1])
    let factor = fault == .forward ? 2.01 : 2
    let fromX = tangents[0].map { factor * x * y * $0 }
    let fromY = tangents[1].map { x * x * $0 }
    guard let fromX else { return [fromY] }
    return [fromY.map { fromX + $0 } ?? fromX]
  }

  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let all = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
    let result = bind(self, all)
    return fault == .batching ? result.map { $0 + 1e-3 } : result
  }
}

/// The laws can fail.
@Suite struct BrokenRuleTests {
  private func failures(_ law: Law, fault: Law?) -> [String] {
    let operation = Operation(
      "broken", .elementwise,
      samples: [
        Sample(.uniform(), .uniform()) { bind(Broken(fault: fault), [$0[0], $0[1]])[0] }
      ])
    let lawCase = LawCase(operation: operation, number: 0)
    var found: [String] = []
    do {
      try recovering {
        found =
          switch law {
          case .precision: lawCase.checkPrecision()
          case .forward: lawCase.checkForward()
          case .reverse: lawCase.checkReverse()
          case .secondOrder: lawCase.checkSecondOrder()
          case .batching: lawCase.checkBatching()
          case .layouts: lawCase.checkLayouts()
          case .tracing: lawCase.checkTracing()
          case .residuals: lawCase.checkResiduals()
          }
      }
    } catch {
      found.append("misuse: \(error)")
    }
    return found
  }

  @Test(arguments: Law.allCases) func isNoticed(_ law: Law) {
    #expect(failures(law, fault: nil) == [])
    #expect(!failures(law, fault: law).isEmpty)
  }
}
