import KobaiOperators
import KobaiTensor

/// Forward mode: each tensor carries its tangent along.
///
/// `@unchecked Sendable`: `isActive` ends once, on the thread that runs the transform.
final class ForwardMode: Interpreter, @unchecked Sendable {
  struct Dual: Sendable {
    let primal: Tensor
    let tangent: Tensor?  // nil: zero
  }

  let level: Int
  let name: String
  private(set) var isActive = true

  init(level: Int, name: String) {
    self.level = level
    self.name = name
  }

  func end() { isActive = false }

  func dual(_ primal: Tensor, _ tangent: Tensor?) -> Tensor {
    trace(primal.type, payload: Dual(primal: primal, tangent: tangent))
  }

  func lift(_ tensor: Tensor) -> Tensor { dual(tensor, nil) }

  func host(_ tensor: Tensor) -> Tensor? { split(tensor).primal }

  func split(_ tensor: Tensor) -> Dual {
    payload(of: tensor) as? Dual ?? Dual(primal: tensor, tangent: nil)
  }

  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
    let duals = inputs.map(split)
    let primals = duals.map(\.primal)
    let outputs = KobaiTensor.bind(primitive, primals)
    let tangents =
      duals.contains { $0.tangent != nil }
      ? primitive.pushforward(duals.map(\.tangent), inputs: primals, outputs: outputs)
      : outputs.map { _ in nil }
    return zip(outputs, tangents).map(dual)
  }

  /// The outputs of `function` and their tangents.
  static func push(
    _ site: CallSite, _ primals: [Tensor], _ tangents: [Tensor],
    _ function: ([Tensor]) throws -> [Tensor]
  ) rethrows -> (outputs: [Tensor], tangents: [Tensor]) {
    let primals = primals.map(\.current)
    return try withTransformLevel { level in
      let mode = ForwardMode(level: level, name: site.name)
      defer { mode.end() }
      let duals = zip(primals, tangents).map { primal, tangent in
        primal.dtype.isDifferentiable
          ? mode.dual(primal, tangent.current.to(primal.dtype)) : mode.dual(primal, nil)
      }
      let outputs = try function(duals).map { mode.split($0.lowered(below: level).unboxed) }
      return (
        outputs.map(\.primal), outputs.map { $0.tangent ?? Tensor.zeros(like: $0.primal) }
      )
    }
  }

  static func check(_ primals: [Tensor], _ tangents: [Tensor]) -> Bool {
    guard checkHoldsTensors("jvp", primals) else { return false }
    guard primals.count == tangents.count,
      zip(primals, tangents).allSatisfy({ $0.shape == $1.shape })
    else {
      return misuse(
        "jvp: each input needs a tangent of its shape, but the inputs have shapes "
          + "\(primals.map(\.shape)) and the tangents \(tangents.map(\.shape))", else: false)
    }
    return true
  }
}
