import Kobai
import KobaiTestSupport

extension LawCase {
  func checkForward() -> [String] {
    var random = random
    return function.checkForward(&random)
  }

  func checkReverse() -> [String] {
    var random = random
    return function.checkReverse(&random)
  }

  func checkSecondOrder() -> [String] {
    var random = random
    guard let gradient = function.gradient(&random) else { return [] }
    return gradient.checkForward(&random).map { "forward over reverse: " + $0 }
      + gradient.checkReverse(&random).map { "reverse over reverse: " + $0 }
  }
}

extension Function {
  /// Tangents along a random direction against central differences of the values.
  func checkForward(_ random: inout RandomSource) -> [String] {
    guard !inputs.isEmpty else { return [] }
    let values = call(inputs)
    guard !values.isEmpty else { return [] }
    let direction = inputs.map { random.direction(like: $0) }
    let (outputs, tangents) = jvp(call, inputs, direction)
    guard values.count == tangents.count else {
      return ["jvp gives \(tangents.count) results, the function \(values.count)"]
    }
    func slope(_ step: Double) -> [[Double]] {
      func at(_ t: Double) -> [Tensor] { call(zip(inputs, direction).map { $0 + $1 * t }) }
      return zip(at(step), at(-step)).map { zip($0.parts, $1.parts).map { ($0 - $1) / (2 * step) } }
    }
    let (coarse, fine) = (slope(2e-3), slope(1e-3))
    var failures: [String] = []
    for i in values.indices {
      if let found = difference(outputs[i], values[i], .roundings(values[i].dtype)) {
        failures.append("result \(i): the value beside the tangent differs: \(found)")
      }
      guard tangents[i].type == values[i].type else {
        failures.append("result \(i): the tangent is \(tangents[i].type), not \(values[i].type)")
        continue
      }
      // Richardson: the h² terms of the two estimates cancel; their difference bounds what is left.
      let reference = zip(coarse[i], fine[i]).map { (4 * $1 - $0) / 3 }
      let scale = max(1, reference.lazy.filter(\.isFinite).map(abs).max() ?? 1)
      let parts = values[i].parts
      for (j, (tangent, expected)) in zip(tangents[i].parts, reference).enumerated()
      where parts[j].isFinite {
        let error = abs(coarse[i][j] - fine[i][j])
        if !(abs(tangent - expected) <= 1e-8 * scale + error) {
          failures.append(
            "result \(i): the tangent's part \(j) is \(tangent), by finite differences \(expected)"
              + " ± \(error); inputs \(inputs.map(\.parts)), direction \(direction.map(\.parts))")
          break
        }
      }
    }
    return failures
  }

  /// ⟨u, Jv⟩ = ⟨Jᵀu, v⟩ for random u and v, in the real inner product.
  func checkReverse(_ random: inout RandomSource) -> [String] {
    guard !inputs.isEmpty else { return [] }
    let direction = inputs.map { random.direction(like: $0) }
    let tangents = jvp(call, inputs, direction).tangents
    let cotangents = tangents.map { random.direction(like: $0) }
    let leaves = inputs.map(Self.leaf)
    let outputs = call(leaves)
    let tracked = outputs.indices.filter { outputs[$0].requiresGrad }
    guard !tracked.isEmpty else {
      let still = tangents.allSatisfy { $0.largestFinite == 0 }
      return still ? [] : ["no result requires grad, but a tangent is not zero"]
    }
    let gradients = Tensor.gradients(
      of: tracked.map { outputs[$0] }, wrt: leaves, gradients: tracked.map { cotangents[$0] })

    var failures: [String] = []
    var (forward, reverse, scale) = (0.0, 0.0, 1.0)
    func add(_ a: Tensor, _ b: Tensor, to sum: inout Double) {
      for (x, y) in zip(a.parts, b.parts) {
        sum += x * y
        scale = max(scale, abs(x * y))
      }
    }
    for (u, tangent) in zip(cotangents, tangents) { add(u, tangent, to: &forward) }
    for (i, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      guard gradient.type == inputs[i].type else {
        failures.append("the gradient of input \(i) is \(gradient.type), not \(inputs[i].type)")
        continue
      }
      add(gradient, direction[i], to: &reverse)
    }
    if failures.isEmpty && !(abs(forward - reverse) <= 1e-10 * scale) {
      failures.append(
        "⟨u, Jv⟩ = \(forward), but ⟨Jᵀu, v⟩ = \(reverse); inputs \(inputs.map(\.parts)), gradients "
          + "\(gradients.map { $0?.parts ?? [] })")
    }
    return failures
  }
}
