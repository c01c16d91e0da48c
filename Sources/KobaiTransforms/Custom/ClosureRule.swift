import KobaiOperators
import KobaiTensor

/// A function on flat tensors with derivative rules of its own. An object: primitives compare by identity.
///
/// `@unchecked Sendable`: closures of the user's, called in place on the thread that runs the operation.
final class ClosureRule: @unchecked Sendable {
  typealias Function = ([Tensor]) -> [Tensor]
  typealias Rule = ([Tensor], [Tensor]) -> [Tensor]

  let name: String
  /// The results, and behind them what `backward` reads.
  let forward: Function
  /// How many of what `forward` gives are results; known once it has run.
  let resultCount: () -> Int
  /// The cotangents of the inputs from (what is kept, the cotangents of the results).
  let backward: Rule?
  /// The tangents of the results from (inputs, tangents).
  let push: Rule?

  init(
    name: String, resultCount: @escaping () -> Int, forward: @escaping Function,
    backward: Rule? = nil,
    push: Rule? = nil
  ) {
    self.name = name
    self.forward = forward
    self.resultCount = resultCount
    self.backward = backward
    self.push = push
  }
}

/// A primitive whose meaning is a closure of tensor operations: traces look into it.
package protocol ClosurePrimitive: Primitive {
  func call(_ inputs: [Tensor]) -> [Tensor]
}

extension Primitives {
  /// The application of a `ClosureRule`.
  struct CustomRule: ClosurePrimitive {
    static let name = "customRule"
    let rule: ClosureRule

    static func == (a: CustomRule, b: CustomRule) -> Bool { a.rule === b.rule }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(rule)) }

    func call(_ inputs: [Tensor]) -> [Tensor] { rule.forward(inputs) }

    /// The types are known once the closure has run: on zeros.
    func infer(_ inputs: [TensorType]) -> [TensorType] {
      call(inputs.map { Tensor.zeros($0.shape, dtype: $0.dtype) }).map(\.type)
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      noGrad { call(inputs.map { Tensor($0) }).map { $0.current.value } }
    }

    var residuals: Residuals { .all }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let inputs = (0..<kept.inputCount).map(kept.input)
      let count = rule.resultCount()
      guard let backward = rule.backward else { return transpose(cotangents, inputs, kept) }
      let results = cotangents.prefix(count)
      var gradients: [Tensor?] = inputs.map { _ in nil }
      if results.contains(where: { $0 != nil }) {
        let dense = results.enumerated().map { $1 ?? Tensor.zeros(like: kept.output($0)) }
        let outputs = (count..<cotangents.count).map(kept.output)
        gradients = checked(backward(outputs, dense), inputs)
      }
      // A derivative of the derivative: what is kept depends on the inputs as `forward` says.
      let residuals = cotangents.dropFirst(count)
      guard residuals.contains(where: { $0 != nil }) else { return gradients }
      let chosen = residuals.indices.filter { cotangents[$0] != nil }
      let site = CallSite(rule.name, #fileID, #line)
      let tape = Tape(site, inputs) { leaves in
        let all = rule.forward(leaves)
        return chosen.map { all[$0] }
      }
      let more = tape.pull(chosen.map { cotangents[$0] ?? .poison }, isLast: true)
      return zip(gradients, more).map { a, b in a.map { $0 + b } ?? b }
    }

    /// The transpose of `push`, which is linear in the tangents.
    private func transpose(
      _ cotangents: [Tensor?], _ inputs: [Tensor], _ kept: Kept
    ) -> [Tensor?] {
      guard let push = rule.push else { return inputs.map { _ in nil } }
      let tape = Tape(
        CallSite(rule.name, #fileID, #line), inputs.map { Tensor.zeros(like: $0) }
      ) { push(inputs, $0) }
      let dense = cotangents.enumerated().map { $1 ?? Tensor.zeros(like: kept.output($0)) }
      let gradients = tape.pull(dense, isLast: true)
      return zip(gradients, inputs).map { $1.dtype.isDifferentiable ? $0 : nil }
    }

    private func checked(_ gradients: [Tensor], _ inputs: [Tensor]) -> [Tensor?] {
      guard gradients.count == inputs.count else {
        return misuse(
          "\(rule.name): backward gave \(gradients.count) cotangents for \(inputs.count) inputs",
          else: inputs.map { _ in .poison })
      }
      return zip(gradients, inputs).map { gradient, input -> Tensor? in
        guard input.dtype.isDifferentiable else { return nil }
        guard gradient.shape == input.shape else {
          return misuse(
            "\(rule.name): backward gave a cotangent of shape \(gradient.shape) for an input of shape "
              + "\(input.shape); they must be equal")
        }
        return gradient.to(input.dtype)
      }
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      guard let push = rule.push else {
        return misuse(
          "\(rule.name): has no forward-mode derivative; use customJVP, from which reverse mode follows",
          else: outputs.map { _ in nil })
      }
      let dense = zip(tangents, inputs).map { $0 ?? Tensor.zeros(like: $1) }
      let pushed = push(inputs, dense)
      return pushed.enumerated().map { outputs[$0].dtype.isDifferentiable ? $1 : nil }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(CustomRule(rule: rule.batched(isBatched, size)), inputs)
    }
  }
}

extension ClosureRule {
  /// The rule for inputs of which some have a batch dimension in front.
  func batched(_ isBatched: [Bool], _ size: Int) -> ClosureRule {
    let site = CallSite("vmap", #fileID, #line)
    let axes: [Int?] = isBatched.map { $0 ? 0 : nil }
    func map(_ axes: [Int?], _ inputs: [Tensor], _ function: Function) -> [Tensor] {
      Batching.run(
        site, inputs, axes: axes, size: size, .different, outAxes: { $0.map { _ in 0 } }, function)
    }
    func backwardAll(_ backward: Rule, _ kept: [Tensor], _ cotangents: [Tensor]) -> [Tensor] {
      let inputs = kept + cotangents
      let all = map(inputs.map { _ in 0 }, inputs) {
        backward(Array($0.prefix(kept.count)), Array($0.dropFirst(kept.count)))
      }
      // The cotangent of what all examples share is the sum of theirs.
      return zip(all, isBatched).map { $1 ? $0 : $0.sum(dim: 0) }
    }
    func pushAll(_ push: Rule, _ inputs: [Tensor], _ tangents: [Tensor]) -> [Tensor] {
      map(axes + axes, inputs + tangents) {
        push(Array($0.prefix(inputs.count)), Array($0.dropFirst(inputs.count)))
      }
    }
    var backward: Rule?
    if let rule = self.backward { backward = { backwardAll(rule, $0, $1) } }
    var push: Rule?
    if let rule = self.push { push = { pushAll(rule, $0, $1) } }
    return ClosureRule(
      name: name, resultCount: resultCount, forward: { map(axes, $0, self.forward) },
      backward: backward, push: push)
  }
}
