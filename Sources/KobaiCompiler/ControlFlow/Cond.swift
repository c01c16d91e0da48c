import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// One of two functions of the same arguments, as a one-element tensor decides.
///
///     cond(x.sum() > 0, { (x: Tensor) in x * 2 }, { x in -x }, x)
///
/// Only the chosen one runs, inside `jit` too, where both are traced. For a condition that differs between
/// examples of `vmap` both are computed and the results chosen by element. While tracing and under `vmap`
/// states may not be assigned.
///
/// - Parameters:
///   - ifTrue, ifFalse: give results of one structure, shapes and dtypes.
public func cond<A: Tree, R: Tree>(
  _ condition: Tensor, _ ifTrue: (A) -> R, _ ifFalse: (A) -> R, _ argument: A
) -> R {
  guard condition.count == 1 else {
    return misuse(
      "cond: the condition must have one element, but its shape is \(condition.shape)",
      else: ifTrue(argument).mapTensors { _ in .poison })
  }
  if let known = decided(condition) { return known ? ifTrue(argument) : ifFalse(argument) }
  let inputs = argument.tensors.map(\.current)
  var structure: R?
  func lift(_ function: (A) -> R) -> Lifted {
    Lifted("cond", inputs.map(\.type)) {
      let result = function(argument.replacingTensors($0))
      structure = structure ?? result
      return result.tensors
    }
  }
  let (a, b) = (lift(ifTrue), lift(ifFalse))
  guard let structure else { preconditionFailure("no branch was called") }
  let types = [a, b].map { branch in branch.graph.outputs.map { branch.graph.types[$0] } }
  guard types[0] == types[1] else {
    return misuse(
      "cond: both functions must give the same types, but give \(types[0]) and \(types[1])",
      else: structure.mapTensors { _ in .poison })
  }
  let primitive = Primitives.Cond(
    ifTrue: a.compiled("cond"), ifFalse: b.compiled("cond"), trueCaptures: a.captured.count,
    falseCaptures: b.captured.count)
  let flag = condition.to(.bool).reshape([])
  return structure.replacingTensors(bind(primitive, [flag] + a.captured + b.captured + inputs))
}

extension Primitives {
  /// One of two graphs, as a bool decides.
  ///
  /// Inputs: the bool, what each branch captures, the arguments of both.
  struct Cond: Primitive {
    static let name = "cond"
    let ifTrue, ifFalse: CompiledGraph
    let trueCaptures, falseCaptures: Int

    static func == (a: Cond, b: Cond) -> Bool { a.ifTrue === b.ifTrue && a.ifFalse === b.ifFalse }
    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(ifTrue))
      hasher.combine(ObjectIdentifier(ifFalse))
    }

    /// Whether a branch draws random numbers.
    var isRandom: Bool {
      [ifTrue, ifFalse].contains { $0.graph.steps.contains(where: \.drawsNumbers) }
    }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      ifTrue.graph.outputs.prefix(ifTrue.resultCount).map { ifTrue.graph.types[$0] }
    }

    /// The inputs of a branch, by number.
    private func operands(_ branch: Bool, _ count: Int) -> [Int] {
      let arguments = Array((1 + trueCaptures + falseCaptures)..<count)
      return branch
        ? Array(1..<1 + trueCaptures) + arguments
        : Array((1 + trueCaptures)..<(1 + trueCaptures + falseCaptures)) + arguments
    }

    private func program(_ branch: Bool) -> CompiledGraph { branch ? ifTrue : ifFalse }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let branch = inputs[0].bits & 1 == 1
      var arguments = operands(branch, inputs.count).map { inputs[$0] }
      return Array(program(branch).executable.run(&arguments).prefix(ifTrue.resultCount))
    }

    var residuals: Residuals { .inputs }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let inputs = (0..<kept.inputCount).map(kept.input)
      guard !isRandom else {
        return misuse(
          "cond: a branch that draws random numbers has no derivative; draw them before and pass them in",
          else: inputs.map { _ in nil })
      }
      let outputs = infer(inputs.map(\.type))
      let seeds = zip(cotangents, outputs).filter { $1.dtype.isDifferentiable }
        .map { $0 ?? Tensor.zeros($1.shape, dtype: $1.dtype) }
      // Each branch gives the cotangents of all inputs, those of the other's captures being zero.
      let differentiable = inputs.indices.filter { inputs[$0].dtype.isDifferentiable }
      let all = inputs + seeds
      func derivative(_ branch: Bool) -> CompiledGraph {
        let program = program(branch)
        let operands = operands(branch, inputs.count)
        let given = outputs.map(\.dtype.isDifferentiable)
        return program.derive(.pullback(cotangents: given)) {
          CompiledGraph.make("pullback of \(program.name)", all.map(\.type)) { all in
            let primals = operands.map { all[$0] }
            var seeds = all.dropFirst(inputs.count)
            let (values, pull) = vjp(
              { (leaves: [Tensor]) in
                var leaves = leaves[...]
                return program.replay(
                  primals.map { $0.dtype.isDifferentiable ? leaves.popFirst() ?? $0 : $0 },
                  randomResults: [])
              }, primals.filter(\.dtype.isDifferentiable))
            var gradients = pull(
              values.map {
                $0.dtype.isDifferentiable
                  ? seeds.popFirst() ?? Tensor.zeros(like: $0) : Tensor.zeros(like: $0)
              })[...]
            var found: [Int: Tensor] = [:]
            for operand in operands where all[operand].dtype.isDifferentiable {
              found[operand] = gradients.popFirst()
            }
            return differentiable.map { found[$0] ?? Tensor.zeros(like: all[$0]) }
          }
        }
      }
      let both = Cond(
        ifTrue: derivative(true), ifFalse: derivative(false), trueCaptures: 0, falseCaptures: 0)
      var gradients = bind(both, [inputs[0]] + all)[...]
      return inputs.map { $0.dtype.isDifferentiable ? gradients.popFirst() : nil }
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      guard !isRandom else {
        return misuse(
          "cond: a branch that draws random numbers has no derivative; draw them before and pass them in",
          else: outputs.map { _ in nil })
      }
      let directions = zip(inputs, tangents).map { $1 ?? Tensor.zeros(like: $0) }
      let all = inputs + directions
      let count = inputs.count
      func derivative(_ branch: Bool) -> CompiledGraph {
        let program = program(branch)
        let operands = operands(branch, count)
        return program.derive(.pushforward(tangents: inputs.map { _ in true })) {
          CompiledGraph.make("tangent of \(program.name)", all.map(\.type)) { all in
            jvp(
              { program.replay($0, randomResults: []) }, operands.map { all[$0] },
              operands.map { all[count + $0] }
            ).tangents
          }
        }
      }
      let both = Cond(
        ifTrue: derivative(true), ifFalse: derivative(false), trueCaptures: 0, falseCaptures: 0)
      let pushed = bind(both, [inputs[0]] + all)
      return outputs.indices.map { outputs[$0].dtype.isDifferentiable ? pushed[$0] : nil }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      func vectorized(_ branch: Bool) -> CompiledGraph {
        let program = program(branch)
        let operands = operands(branch, inputs.count)
        let batched = operands.map { isBatched[$0] }
        return program.derive(.batch(isBatched: batched, size: size)) {
          CompiledGraph.make("batch of \(program.name)", operands.map { inputs[$0].type }) { all in
            guard batched.contains(true) else {
              return program.graph(all).map { $0.broadcast(to: [size] + $0.shape) }
            }
            return vmap(
              { program.graph($0) }, inAxes: batched.map { $0 ? 0 : nil }, randomness: .different
            )(all)
          }
        }
      }
      if !isBatched[0] {
        let both = Cond(
          ifTrue: vectorized(true), ifFalse: vectorized(false), trueCaptures: trueCaptures,
          falseCaptures: falseCaptures)
        return bind(both, inputs)
      }
      let (x, y) = (
        bind(Compiled(program: vectorized(true)), operands(true, inputs.count).map { inputs[$0] }),
        bind(Compiled(program: vectorized(false)), operands(false, inputs.count).map { inputs[$0] })
      )
      return zip(x, y).prefix(ifTrue.resultCount).map { x, y in
        let flag = inputs[0].reshape([size] + Array(repeating: 1, count: x.rank - 1))
        return Tensor.where(flag, x, y)
      }
    }
  }
}
