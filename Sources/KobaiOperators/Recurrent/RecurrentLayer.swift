import CKernels
import KobaiTensor

/// One direction of one recurrent layer over all steps.
///
///     let steps = RecurrentSteps([2, 2, 1], isReversed: false)
///     let (h, last) = recurrentLayer(.gru, x, steps, [h0], weights: [w, u], biases: [b, c])
///
/// - Parameters:
///   - x: [rows, in], the rows of one step after those of the other.
///   - steps: how many rows belong to each step.
///   - states: h, and c of an LSTM, to begin with: [batch, hidden] each.
///   - weights: of the input [gates · hidden, in] and of the state [gates · hidden, hidden].
///   - biases: [gates · hidden] for each weight, or none.
/// - Returns: h after each row's step [rows, hidden] and the states at the ends.
package func recurrentLayer(
  _ kind: RecurrentCellKind, _ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor],
  weights: [Tensor], biases: [Tensor]
) -> (Tensor, [Tensor]) {
  let inputs = [x] + weights + states + biases
  let layer = Primitives.RecurrentLayer(kind, steps, hasBias: !biases.isEmpty)
  guard x.dtype == .float32 || x.dtype == .float64,
    inputs.allSatisfy({ $0.dtype == x.dtype })
  else {
    let results = layer.composed(inputs)
    return (results[0], Array(results.dropFirst()))
  }
  let results = bind(layer, inputs)
  return (results[0], Array(results[1..<layer.resultCount]))
}

extension Primitives {
  /// [x, input's weight, state's weight, h, c?, input's bias?, state's bias?] → [h of each row, h at the
  /// ends, c at the ends?, activated gates, c of each row]; see `recurrentLayer`. The last two are for the
  /// gradient.
  public struct RecurrentLayer: FusedPrimitive {
    public static let name = "recurrentLayer"
    let kind: RecurrentCellKind
    let steps: RecurrentSteps
    let hasBias: Bool

    init(_ kind: RecurrentCellKind, _ steps: RecurrentSteps, hasBias: Bool) {
      self.kind = kind
      self.steps = steps
      self.hasBias = hasBias
    }

    var isLSTM: Bool { kind == .lstm }
    var biasIndex: Int { isLSTM ? 5 : 4 }
    var resultCount: Int { isLSTM ? 3 : 2 }
    var inputFoldings: [Folding] {
      [.interleaved, .shared, .shared, .interleaved] + (isLSTM ? [.interleaved] : [])
        + (hasBias ? [.shared, .shared] : [])
    }
    var outputFoldings: [Folding] { Array(repeating: .interleaved, count: resultCount + 2) }
    func folded(_ size: Int) -> RecurrentLayer {
      let sizes = steps.batchSizes.map { $0 * size }
      return RecurrentLayer(
        kind, RecurrentSteps(sizes, isReversed: steps.isReversed), hasBias: hasBias)
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let (x, h) = (inputs[0], inputs[3])
      let hidden = h.shape[1]
      let row = TensorType(x.dtype, [x.shape[0], hidden])
      let kept = kb_recurrent_kept(kind.code, hidden)
      return [row] + Array(repeating: h, count: resultCount - 1) + [
        TensorType(x.dtype, [x.shape[0], kept]),
        isLSTM ? row : TensorType(x.dtype, [x.shape[0], 0]),
      ]
    }

    func composed(_ inputs: [Tensor]) -> [Tensor] {
      let (weight, size) = (inputs[2], inputs[3].size(-1))
      let biases = hasBias ? Array(inputs[biasIndex...]) : []
      let gates = linear(inputs[0], weight: inputs[1], bias: biases.first)
      let transposed = weight.t()
      let (outputs, states) = steps.run(gates, Array(inputs[3..<biasIndex])) { x, states in
        let s =
          biases.last.map { linear(states[0], weight: weight, bias: $0) }
          ?? states[0].matmul(transposed)
        return kind.step(x, s, states, size: size)
      }
      return [outputs] + states
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let values = inputs.map(\.contiguous)
      let outputs = infer(inputs.map(\.type)).map {
        Value(body: Body(layout: Layout(contiguous: $0.shape), dtype: $0.dtype), dtype: $0.dtype)
      }
      let (p, out) = (Pointers(values), Pointers(outputs))
      withLayer(values) { layer in
        kb_recurrent_forward(
          &layer, p[0], p[1], p[2], hasBias ? p[biasIndex] : nil, hasBias ? p[biasIndex + 1] : nil,
          p[3], isLSTM ? p[4] : nil, out[0], out[1], isLSTM ? out[2] : nil, out[resultCount],
          out[resultCount + 1])
      }
      return withExtendedLifetime(values) { outputs }
    }

    func evaluateGradient(
      _ cotangents: [Value?], _ inputs: [Value], _ outputs: [Value], wanted: [Bool]
    ) -> [Value?] {
      let (values, kept) = (inputs.map(\.contiguous), outputs.map(\.contiguous))
      let dense = cotangents.map { $0?.contiguous }
      let results = inputs.indices.map { i -> Value? in
        guard wanted[i] else { return nil }
        let type = inputs[i].type
        return Value(
          body: Body(layout: Layout(contiguous: type.shape), dtype: type.dtype), dtype: type.dtype)
      }
      let (p, k, d, out) = (Pointers(values), Pointers(kept), Pointers(dense), Pointers(results))
      var to = kb_recurrent_cotangents(
        x: out[0], weight_x: out[1], weight_h: out[2], bias_x: hasBias ? out[biasIndex] : nil,
        bias_h: hasBias ? out[biasIndex + 1] : nil, h: out[3], c: isLSTM ? out[4] : nil)
      withLayer(values) { layer in
        kb_recurrent_backward(
          &layer, p[0], p[1], p[2], p[3], isLSTM ? p[4] : nil, k[0], k[resultCount],
          k[resultCount + 1], d[0], d[1], isLSTM ? d[2] : nil, &to)
      }
      return withExtendedLifetime((values, kept, dense)) { results }
    }

    private func withLayer(_ inputs: [Value], _ body: (inout kb_recurrent) -> Void) {
      steps.batchSizes.withUnsafeBufferPointer { sizes in
        var layer = kb_recurrent(
          cell: kind.code, dtype: inputs[0].dtype.code, input: inputs[0].shape[1],
          hidden: inputs[3].shape[1], steps: sizes.count, batch_sizes: sizes.baseAddress,
          reversed: steps.isReversed)
        body(&layer)
      }
    }
  }
}

/// The first elements of contiguous values with dimensions, which the caller keeps alive.
private struct Pointers {
  private let all: [UnsafeMutableRawPointer?]
  init(_ values: [Value?]) { all = values.map { $0?.body?.pointer } }
  subscript(i: Int) -> UnsafeMutableRawPointer? { all[i] }
}

extension Operation {
  static let recurrentLayer = Operation(
    "recurrentLayer", .composed, primitives: [Primitives.RecurrentLayer.self],
    samples: [
      Sample(
        .uniform(-2...2, [5, 3]), .uniform(-1...1, [8, 3]), .uniform(-1...1, [8, 2]),
        .uniform(-1...1, [2, 2]), .uniform(-1...1, [2, 2]),
        results: { Operation.run(.lstm, [2, 2, 1], false, $0) }),
      Sample(
        .uniform(-2...2, [5, 2]), .uniform(-1...1, [8, 2]), .uniform(-1...1, [8, 2]),
        .uniform(-1...1, [3, 2]), .uniform(-1...1, [3, 2]), .uniform(-1...1, [8]),
        .uniform(-1...1, [8]), results: { Operation.run(.lstm, [3, 2], true, $0) }),
      Sample(
        .uniform(-2...2, [4, 3]), .uniform(-1...1, [6, 3]), .uniform(-1...1, [6, 2]),
        .uniform(-1...1, [2, 2]), .uniform(-1...1, [6]), .uniform(-1...1, [6]),
        results: { Operation.run(.gru, [2, 2], false, $0) }),
      Sample(
        .uniform(-2...2, [3, 2]), .uniform(-1...1, [6, 2]), .uniform(-1...1, [6, 2]),
        .uniform(-1...1, [2, 2]), results: { Operation.run(.gru, [2, 1], true, $0) }),
      Sample(
        .uniform(-2...2, [4, 2]), .uniform(-1...1, [3, 2]), .uniform(-1...1, [3, 3]),
        .uniform(-1...1, [2, 3]), .uniform(-1...1, [3]), .uniform(-1...1, [3]),
        results: { Operation.run(.tanh, [2, 2], true, $0) }),
      Sample(
        .distinct([3, 3]), .uniform(0.5...1, [3, 3]), .uniform(-0.01...0.01, [3, 3]),
        .uniform(-1...1, [2, 3]), results: { Operation.run(.relu, [2, 1], false, $0) }),
    ])

  private static func run(
    _ kind: RecurrentCellKind, _ sizes: [Int], _ isReversed: Bool, _ inputs: [Tensor]
  ) -> [Tensor] {
    let count = kind == .lstm ? 5 : 4
    let (outputs, states) = KobaiOperators.recurrentLayer(
      kind, inputs[0], RecurrentSteps(sizes, isReversed: isReversed), Array(inputs[3..<count]),
      weights: Array(inputs[1..<3]), biases: Array(inputs[count...]))
    return [outputs] + states
  }
}
