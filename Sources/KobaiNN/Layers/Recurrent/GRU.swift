import KobaiOperators
import KobaiTensor

/// Gated recurrent units (Cho et al., 2014), in layers, in one or both directions.
///
///     r, z = σ(W x + b + U h + b′),  n = tanh(W x + b + r (U h + b′))
///     h′ = (1 − z) n + z h
///
///     let gru = GRU(10, 20, numLayers: 2)
///     let (output, h) = gru(Tensor.randn([5, 3, 10]))   // [5, 3, 20], [2, 3, 20]
///
/// The rows of the weights are those of r, z, n. See `RecurrentModule` for the state and
/// [torch.nn.GRU](https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html).
public final class GRU: RecurrentModule {
  /// - Parameters:
  ///   - batchFirst: inputs and outputs are [batch, steps, …] in place of [steps, batch, …].
  ///   - dropout: in [0, 1], of the outputs of all layers but the last, in training.
  ///   - bidirectional: a second direction goes from the last step to the first; outputs have both.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true,
    batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false, dtype: DType? = nil
  ) {
    super.init(
      inputSize, hiddenSize, gates: 3, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
      dropout: dropout, bidirectional: bidirectional, dtype: dtype)
  }

  /// The outputs of the last layer and the last state of each layer and direction.
  ///
  /// - Parameters:
  ///   - input: [steps, batch, in], or [steps, in] without a batch.
  ///   - h: [layers · directions, batch, hidden] to begin with; zeros unless given.
  /// - Returns: output [steps, batch, directions · hidden] and h as above.
  public func callAsFunction(_ input: Tensor, _ h: Tensor? = nil) -> (output: Tensor, h: Tensor) {
    scoped { forward(input, h.map { [$0] }).map { ($0.output, $0.states[0]) } } ?? (
      .poison, .poison
    )
  }

  /// The same for sequences of different lengths.
  public func callAsFunction(_ input: PackedSequence, _ h: Tensor? = nil) -> (
    output: PackedSequence, h: Tensor
  ) {
    scoped { forward(input, h.map { [$0] }).map { ($0.output, $0.states[0]) } } ?? (input, .poison)
  }

  override func run(
    _ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor], _ weights: [Tensor]
  ) -> (Tensor, [Tensor]) {
    let gates = linear(x, weight: weights[0], bias: bias ? weights[2] : nil)
    return steps.run(gates, states) { gates, states in
      let recurrent = linear(states[0], weight: weights[1], bias: bias ? weights[3] : nil)
      return [Self.step(gates, recurrent, states[0], hiddenSize)]
    }
  }

  /// h after a step, from what the input and the state before contribute to the gates.
  static func step(_ gates: Tensor, _ recurrent: Tensor, _ h: Tensor, _ size: Int) -> Tensor {
    let r = (gates.gate(0, size: size) + recurrent.gate(0, size: size)).sigmoid()
    let z = (gates.gate(1, size: size) + recurrent.gate(1, size: size)).sigmoid()
    let n = (gates.gate(2, size: size) + r * recurrent.gate(2, size: size)).tanh()
    return (h - n) * z + n
  }
}
