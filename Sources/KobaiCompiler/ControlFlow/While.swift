import KobaiOperators
import KobaiTensor
import KobaiTransforms

extension Primitives {
  /// A loop whose number of rounds its condition decides.
  ///
  /// Inputs: what the condition captures, what the body captures, the values carried. Outputs: these.
  struct While: Primitive {
    static let name = "while"
    let condition, body: CompiledGraph
    let conditionCaptures, bodyCaptures: Int
    /// Whether the condition gives a bool for each example, along a first dimension.
    var isBatched = false

    static func == (a: While, b: While) -> Bool {
      a.condition === b.condition && a.body === b.body
    }
    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(condition))
      hasher.combine(ObjectIdentifier(body))
    }

    /// Whether the rounds draw random numbers.
    var isRandom: Bool {
      condition.graph.steps.contains(where: \.drawsNumbers)
        || body.graph.steps.contains(where: \.drawsNumbers)
    }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      Array(inputs.dropFirst(conditionCaptures + bodyCaptures))
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let forCondition = Array(inputs.prefix(conditionCaptures))
      let forBody = Array(inputs.dropFirst(conditionCaptures).prefix(bodyCaptures))
      var carried = Array(inputs.dropFirst(conditionCaptures + bodyCaptures))
      while true {
        var arguments = forCondition + carried
        let flag = condition.executable.run(&arguments)[0]
        guard flag.meta.isPlain else { return carried.map { _ in .poison } }
        let goesOn = noGrad { Tensor(flag).any().item(as: Bool.self) }
        if !goesOn { return carried }
        var bodyArguments = forBody + carried
        let next = body.executable.run(&bodyArguments)
        guard isBatched else {
          carried = next
          continue
        }
        // Examples whose condition has failed keep their values.
        carried = zip(next, carried).map { new, old in
          let missing = new.shape.count - flag.shape.count
          let mask = Tensor(flag).reshape(flag.shape + Array(repeating: 1, count: missing))
          return Tensor.where(mask, Tensor(new), Tensor(old)).value
        }
      }
    }

    var residuals: Residuals { .none }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      misuse(
        "whileLoop: reverse-mode differentiation does not work for a loop whose number of rounds is not "
          + "known; use scan or foriLoop", else: kept.isNeeded.map { _ in nil })
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let captures = conditionCaptures + bodyCaptures
      // Whatever is carried may come to differ between examples.
      let all = inputs.enumerated().map { i, input in
        i < captures || isBatched[i] ? input : input.broadcast(to: [size] + input.shape)
      }
      let axes: [Int?] = isBatched.enumerated().map { i, batched in
        i >= captures || batched ? 0 : nil
      }
      func batched(_ program: CompiledGraph, _ range: Range<Int>) -> CompiledGraph {
        let chosen = Array(range) + Array(captures..<all.count)
        return CompiledGraph.make(program.name, chosen.map { all[$0].type }) { arguments in
          vmap(
            { program.graph($0) }, inAxes: chosen.map { axes[$0] }, randomness: .different)(
              arguments)
        }
      }
      var loop = While(
        condition: batched(condition, 0..<conditionCaptures),
        body: batched(body, conditionCaptures..<captures), conditionCaptures: conditionCaptures,
        bodyCaptures: bodyCaptures)
      loop.isBatched = true
      return bind(loop, all)
    }
  }
}
