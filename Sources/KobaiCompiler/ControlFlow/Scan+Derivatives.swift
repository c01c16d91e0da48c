import KobaiOperators
import KobaiTensor
import KobaiTransforms

extension Primitives.Scan {
  /// The values carried into each round: kept, or computed again.
  private func carries(_ kept: Kept) -> [Tensor] {
    if keepsCarries { return (0..<carried).map { kept.output(body.resultCount - carried + $0) } }
    let again = Primitives.Scan(
      body: body, captures: captures, carried: carried, count: count, reverse: reverse,
      isRecorded: true)
    let outputs = bind(again, (0..<kept.inputCount).map(kept.input))
    return Array(outputs[body.resultCount..<body.resultCount + carried])
  }

  /// The rounds backwards: each computes its forward part again from what was carried into it, and carries
  /// the cotangents of the values carried and the sums of those of what the body captures.
  func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    let body = body
    let inputs = (0..<kept.inputCount).map(kept.input)
    let random = (0..<randomCount).map { kept.output(body.resultCount + $0) }
    if isRandom && random.isEmpty {
      return misuse(
        "scan: a loop that draws random numbers was not recorded for differentiation; differentiate inside "
          + "of jit", else: inputs.map { _ in nil })
    }
    let (captures, carried) = (captures, carried)
    let types = inputs.map(\.dtype)
    func isDifferentiable(_ k: Int) -> Bool { types[k].isDifferentiable }
    let carries = carries(kept)
    let shared = Array(inputs.prefix(captures))
    let slices = Array(inputs.dropFirst(captures + carried))
    // The absent cotangent of a carried value is zero; what else has none is left out.
    let carryCotangents = (0..<carried).filter { isDifferentiable(captures + $0) }.map {
      cotangents[$0] ?? Tensor.zeros(like: kept.output($0))
    }
    let given = (carried..<body.resultCount).filter { cotangents[$0] != nil }
    let resultCotangents = given.compactMap { cotangents[$0] }
    let summed = (0..<captures).filter(isDifferentiable)
    // −0 is what a first term is added to without a change of its sign.
    let sums = summed.map { Tensor.full(shared[$0].shape, -0.0, dtype: shared[$0].dtype) }
    let scanned = carries + slices + random + resultCotangents
    func element(_ tensor: Tensor) -> TensorType {
      TensorType(tensor.dtype, Array(tensor.shape.dropFirst()))
    }
    let arguments = shared + carryCotangents + sums + scanned
    let argumentTypes =
      (shared + carryCotangents + sums).map(\.type) + scanned.map(element)
    let (carryCount, sumCount) = (carryCotangents.count, sums.count)
    let donors = Dictionary(
      uniqueKeysWithValues: (0..<carryCount + sumCount).map { ($0, captures + $0) })
    let key = (carried..<body.resultCount).map { cotangents[$0] != nil }
    let backward = body.derive(.pullback(cotangents: key)) {
      CompiledGraph.make("pullback of \(body.name)", argumentTypes, donors: donors) { all in
        var rest = all[...]
        func take(_ count: Int) -> [Tensor] {
          let taken = Array(rest.prefix(count))
          rest = rest.dropFirst(count)
          return taken
        }
        let shared = take(captures)
        let carryCotangents = take(carryCount)
        let sums = take(sumCount)
        let primals = shared + take(carried) + take(slices.count)
        let random = take(random.count)
        let resultCotangents = Array(rest)
        let (_, pull) = vjp(
          { (leaves: [Tensor]) in
            var leaves = leaves[...]
            let arguments = primals.map {
              $0.dtype.isDifferentiable ? leaves.popFirst() ?? $0 : $0
            }
            let results = body.replay(arguments, randomResults: random)
            return results.prefix(carried).filter(\.dtype.isDifferentiable)
              + given.map { results[$0] }
          }, primals.filter(\.dtype.isDifferentiable))
        var gradients = pull(carryCotangents + resultCotangents)[...]
        let ofShared = gradients.prefix(sumCount)
        gradients = gradients.dropFirst(sumCount)
        return Array(gradients.prefix(carryCount)) + zip(sums, ofShared).map { $0 + $1 }
          + gradients.dropFirst(carryCount)
      }
    }
    let loop = Primitives.Scan(
      body: backward, captures: captures, carried: carryCount + sumCount, count: count,
      reverse: !reverse, isRecorded: isRecorded(arguments))
    var results = bind(loop, arguments)[...]
    let ofCarries = Array(results.prefix(carryCount))
    results = results.dropFirst(carryCount)
    let ofShared = Array(results.prefix(sumCount))
    results = results.dropFirst(sumCount)
    var gradients = (ofShared + ofCarries + results)[...]
    return inputs.indices.map { isDifferentiable($0) ? gradients.popFirst() : nil }
  }

  /// The rounds on pairs of values and tangents.
  func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    let body = body
    let (captures, carried) = (captures, carried)
    let random = (0..<randomCount).map { outputs[body.resultCount + $0] }
    if isRandom && random.isEmpty {
      return misuse(
        "scan: a loop that draws random numbers was not recorded for differentiation",
        else: outputs.map { _ in nil })
    }
    let directions = zip(inputs, tangents).map { input, tangent in
      tangent ?? Tensor.zeros(like: input)
    }
    func parts(_ all: [Tensor]) -> (shared: [Tensor], carry: [Tensor], slices: [Tensor]) {
      (
        Array(all.prefix(captures)), Array(all[captures..<captures + carried]),
        Array(all.dropFirst(captures + carried))
      )
    }
    let (x, dx) = (parts(inputs), parts(directions))
    let shared = x.shared + dx.shared
    let carry = x.carry + dx.carry
    let scanned = x.slices + dx.slices + random
    let types =
      (shared + carry).map(\.type)
      + scanned.map { TensorType($0.dtype, Array($0.shape.dropFirst())) }
    let given = [Bool](repeating: true, count: types.count)
    let count = x.slices.count
    let forward = body.derive(.pushforward(tangents: given)) {
      CompiledGraph.make("tangent of \(body.name)", types) { all in
        let (shared, rest) = (all.prefix(2 * captures), all.dropFirst(2 * captures))
        let (carry, scanned) = (rest.prefix(2 * carried), rest.dropFirst(2 * carried))
        let primals = shared.prefix(captures) + carry.prefix(carried) + scanned.prefix(count)
        let tangents =
          shared.suffix(captures) + carry.suffix(carried) + scanned.dropFirst(count).prefix(count)
        let random = Array(scanned.dropFirst(2 * count))
        let (values, pushed) = jvp(
          { body.replay($0, randomResults: random) }, Array(primals), Array(tangents))
        return Array(values.prefix(carried)) + pushed.prefix(carried) + pushed.dropFirst(carried)
      }
    }
    let loop = Primitives.Scan(
      body: forward, captures: 2 * captures, carried: 2 * carried, count: self.count,
      reverse: reverse, isRecorded: isRecorded(shared + carry + scanned))
    let results = bind(loop, shared + carry + scanned)
    return outputs.indices.map { i in
      guard i < body.resultCount, outputs[i].dtype.isDifferentiable else { return nil }
      return results[carried + i]
    }
  }

  /// Whether what carries into rounds will be needed.
  private func isRecorded(_ arguments: [Tensor]) -> Bool {
    isGradEnabled && arguments.contains { $0.current.node != nil }
  }
}
