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
  let name = "jvp"
  private(set) var isActive = true

  init(level: Int) { self.level = level }

  func end() { isActive = false }

  func dual(_ primal: Tensor, _ tangent: Tensor?) -> Tensor {
    trace(primal.type, payload: Dual(primal: primal, tangent: tangent))
  }

  func lift(_ tensor: Tensor) -> Tensor { dual(tensor, nil) }

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
}

/// The value of a function at `primals` and its derivative along `tangents`, in one forward pass.
///
///     jvp({ $0[0] * $0[1] }, [2.0, 3.0], [1.0, 0.0])   // (tensor(6.), tensor(3.))
///
/// - Returns: the outputs and their tangents.
public func jvp(
  _ function: ([Tensor]) throws -> [Tensor], _ primals: [Tensor], _ tangents: [Tensor]
) rethrows -> (outputs: [Tensor], tangents: [Tensor]) {
  guard primals.count == tangents.count,
    zip(primals, tangents).allSatisfy({ $0.shape == $1.shape })
  else {
    return misuse(
      "jvp: each input needs a tangent of its shape, but the inputs have shapes "
        + "\(primals.map(\.shape)) and the tangents \(tangents.map(\.shape))", else: ([], []))
  }
  return try withTransformLevel { level in
    let mode = ForwardMode(level: level)
    defer { mode.end() }
    let outputs = try function(zip(primals, tangents).map { mode.dual($0, $1) })
    let duals = outputs.map(mode.split)
    return (
      duals.map(\.primal), duals.map { $0.tangent ?? Tensor.zeros(like: $0.primal) }
    )
  }
}
