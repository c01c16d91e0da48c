import Kobai
import KobaiTestSupport

extension LawCase {
  /// Each primitive of the sample, recorded by itself: only declared values are kept, they suffice for
  /// the pullback, and derivatives have the types of what they belong to.
  func checkResiduals() -> [String] {
    guard sample.inputs.contains(where: \.isDifferentiated) else { return [] }
    let inputs = inputs()
    var failures: [String] = []
    let graph = makeGraph(sample.call, inputs.map(\.type))
    var random = random
    Self.run(graph, inputs) { step, inputs, _ in
      let name = type(of: step.primitive).name
      failures += Self.check(step.primitive, inputs, &random).map { "\(name): \($0)" }
    }
    return failures
  }

  private static func check(
    _ primitive: any Primitive, _ inputs: [Tensor], _ random: inout RandomSource
  ) -> [String] {
    // A rank-0 operand that stands for all elements is never differentiated.
    let isSpread = primitive is any BinaryElementwise && inputs.contains { $0.rank > 0 }
    let leaves = inputs.map {
      $0.dtype.isDifferentiable && !(isSpread && $0.rank == 0) ? Function.leaf($0) : $0
    }
    guard leaves.contains(where: \.requiresGrad) else { return [] }
    let outputs = bind(primitive, leaves)
    guard let node = outputs.first(where: \.requiresGrad)?.node else { return [] }

    let residuals = primitive.residuals
    let declaredInputs = inputs.indices.filter { residuals.contains(.input($0)) }
    let declaredOutputs = outputs.indices.filter { residuals.contains(.output($0)) }
    var failures: [String] = []
    let kept = node.origin.node.keptValues
    var allowed: Set<ObjectIdentifier> = []
    for value in declaredInputs.map({ inputs[$0].value })
      + declaredOutputs.map({ outputs[$0].value })
    {
      if let body = value.body { allowed.insert(ObjectIdentifier(body)) }
    }
    for value in kept {
      if let body = value.body, !allowed.contains(ObjectIdentifier(body)) {
        failures.append("keeps \(value.type), which is none of its residuals")
      }
    }
    if kept.count > declaredInputs.count + declaredOutputs.count {
      failures.append(
        "keeps \(kept.count) values, but declares \(declaredInputs.count + declaredOutputs.count)")
    }

    let cotangents: [Tensor?] = outputs.map {
      $0.dtype.isDifferentiable ? random.direction(like: $0.detach()) : nil
    }
    let results = primitive.pullback(
      cotangents,
      Kept(
        name: type(of: primitive).name,
        inputs: inputs.indices.map { declaredInputs.contains($0) ? inputs[$0] : nil },
        outputs: outputs.indices.map { declaredOutputs.contains($0) ? outputs[$0].detach() : nil },
        isNeeded: leaves.map(\.requiresGrad)))
    for (i, result) in results.enumerated() where leaves[i].requiresGrad {
      guard let result else { continue }
      let type = inputs[i].type
      if result.isPoisoned {
        failures.append("its pullback fails on the declared values")
      } else if result.current.type != type {
        failures.append("its pullback gives \(result.type) for input \(i), which is \(type)")
      }
    }
    return failures
  }
}
