import KobaiOperators
import KobaiTensor
import KobaiTransforms

extension Primitives.While {
  /// A loop that carries the tangents beside the values; its condition reads the values alone.
  func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    let captures = conditionCaptures + bodyCaptures
    if tangents.dropFirst(conditionCaptures).allSatisfy({ $0 == nil }) {
      return outputs.map { _ in nil }
    }
    let forCondition = Array(inputs.prefix(conditionCaptures))
    let forBody = Array(inputs[conditionCaptures..<captures])
    let carried = Array(inputs.dropFirst(captures))
    /// The directions of what can be differentiated.
    func directions(_ range: Range<Int>) -> [Tensor] {
      range.filter { inputs[$0].dtype.isDifferentiable }
        .map { tangents[$0] ?? Tensor.zeros(like: inputs[$0]) }
    }
    let captured = directions(conditionCaptures..<captures)
    let carriedTangents = directions(captures..<inputs.count)
    let (condition, body) = (condition, body)

    let test = CompiledGraph.make(
      condition.name, (forCondition + carried + carriedTangents).map(\.type)
    ) { condition.graph(Array($0.prefix(forCondition.count + carried.count))) }
    let step = CompiledGraph.make(
      "tangent of \(body.name)", (forBody + captured + carried + carriedTangents).map(\.type)
    ) { all in
      let start = forBody.count + captured.count
      let primals =
        Array(all.prefix(forBody.count)) + Array(all[start..<start + carried.count])
      var given =
        (all[forBody.count..<start] + all[(start + carried.count)...])[...]
      let dense = primals.map {
        $0.dtype.isDifferentiable ? given.popFirst() ?? .poison : Tensor.zeros(like: $0)
      }
      let (values, pushed) = jvp({ body.graph($0) }, primals, dense)
      return values + zip(values, pushed).filter { $0.0.dtype.isDifferentiable }.map { $0.1 }
    }
    var loop = Primitives.While(
      condition: test, body: step, conditionCaptures: conditionCaptures,
      bodyCaptures: forBody.count + captured.count)
    loop.isBatched = isBatched
    var results = bind(loop, forCondition + forBody + captured + carried + carriedTangents)
      .dropFirst(carried.count)
    return outputs.map { $0.dtype.isDifferentiable ? results.popFirst() : nil }
  }
}
