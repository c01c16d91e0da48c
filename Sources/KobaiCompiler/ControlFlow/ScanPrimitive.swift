import CKernels
import KobaiOperators
import KobaiTensor
import KobaiTransforms

extension Primitives {
  /// A loop with a known number of rounds, as one operation.
  ///
  /// Inputs: what the body captures, the values carried, the arrays whose slices along their first dimension
  /// the rounds read. Outputs: the values carried at last, then what the rounds give, stacked; where the loop
  /// is to be differentiated also the values carried into each round, and the random numbers of all.
  struct Scan: Primitive {
    static let name = "scan"
    let body: CompiledGraph
    let captures: Int
    let carried: Int
    let count: Int
    let reverse: Bool
    /// Whether the last of what the rounds give are the values carried into them.
    private(set) var keepsCarries = false

    /// - Parameter isRecorded: whether the loop is to be differentiated.
    init(
      body: CompiledGraph, captures: Int, carried: Int, count: Int, reverse: Bool, isRecorded: Bool
    ) {
      self.body = isRecorded ? body.givingInputs(captures..<captures + carried) : body
      (self.captures, self.carried, self.count) = (captures, carried, count)
      self.reverse = reverse
      keepsCarries = isRecorded
    }

    private init(_ other: Scan, body: CompiledGraph) {
      self.body = body
      (captures, carried, count) = (other.captures, other.carried, other.count)
      (reverse, keepsCarries) = (other.reverse, other.keepsCarries)
    }

    static func == (a: Scan, b: Scan) -> Bool {
      a.body === b.body && a.count == b.count && a.reverse == b.reverse
    }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(body)) }

    /// Whether the rounds draw random numbers.
    var isRandom: Bool { body.graph.steps.contains(where: \.drawsNumbers) }
    private var bodyTypes: [TensorType] { body.graph.outputs.map { body.graph.types[$0] } }
    /// What the rounds give, random numbers included.
    var stackedCount: Int { body.graph.outputs.count - carried }
    var randomCount: Int { body.graph.outputs.count - body.resultCount }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let given = bodyTypes
      return given.prefix(carried)
        + given.dropFirst(carried).map { TensorType($0.dtype, [count] + $0.shape) }
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let executable = body.executable
      var carry = Array(inputs[captures..<captures + carried])
      let stacks = infer(inputs.map(\.type)).dropFirst(carried).map { type in
        Value(
          body: Body(layout: Layout(contiguous: type.shape), dtype: type.dtype), dtype: type.dtype)
      }
      return executable.withSession { session in
        for round in 0..<count {
          let i = reverse ? count - 1 - round : round
          for k in 0..<captures { session.inputs[k] = inputs[k] }
          for k in 0..<carried {
            session.inputs[captures + k] = .nothing
            swap(&session.inputs[captures + k], &carry[k])
          }
          for k in (captures + carried)..<inputs.count {
            session.inputs[k] = inputs[k].slice(i)
          }
          executable.run(session)
          for k in 0..<carried { carry[k] = session.takeOutput(k) }
          for k in 0..<stackedCount {
            session.outputs[carried + k].store(in: stacks[k], at: i)
          }
          let isSound =
            carry.allSatisfy(\.meta.isPlain) && session.outputs.allSatisfy(\.meta.isPlain)
          session.forgetOutputs()
          guard isSound else { return carry.map { _ in .poison } + stacks.map { _ in .poison } }
        }
        return carry + stacks
      }
    }

    var residuals: Residuals { .all }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let scanned = captures + carried
      // What is carried may come to differ between examples; slices are along the second dimension then.
      let all = inputs.enumerated().map { i, input -> Tensor in
        if i < captures { return input }
        if i < scanned {
          return isBatched[i] ? input : input.broadcast(to: [size] + input.shape)
        }
        return isBatched[i] ? input.transpose(0, 1) : input
      }
      let batched = inputs.indices.map { i in
        i >= captures && i < scanned || isBatched[i]
      }
      let body = body
      let vectorized = body.derive(.batch(isBatched: batched, size: size)) {
        let types = all.enumerated().map { i, input in
          i < scanned ? input.type : TensorType(input.dtype, Array(input.shape.dropFirst()))
        }
        return CompiledGraph.make("batch of \(body.name)", types, donors: body.graph.donors) {
          arguments in
          vmap(
            { body.graph($0) }, inAxes: batched.map { $0 ? 0 : nil }, randomness: .different)(
              arguments)
        }
      }
      // The batched body's own random results are not among the outputs of this operation.
      let outputs = bind(Scan(self, body: vectorized), all).prefix(body.graph.outputs.count)
      return outputs.enumerated().map { i, output in
        i < carried ? output : output.transpose(0, 1)
      }
    }
  }
}

extension Value {
  /// Element `i` along the first dimension.
  fileprivate func slice(_ i: Int) -> Value {
    let layout = layout
    return view(
      Layout(shape: Array(layout.shape.dropFirst()), strides: Array(layout.strides.dropFirst())),
      offset: i * layout.strides[0])
  }

  /// Writes the elements at position `i` of the first dimension of a fresh contiguous value.
  fileprivate func store(in stack: Value, at i: Int) {
    guard let target = stack.body?.pointer, meta.isPlain else { return }
    let layout = layout
    let to = target + i * layout.count * dtype.size
    withElements { source, strides in
      kb_copy(dtype.size, layout.rank, layout.shape, source, strides, to, nil)
    }
  }
}
