import KobaiOperators
import KobaiTensor

/// Long short-term memory (Hochreiter & Schmidhuber, 1997), in layers, in one or both directions.
///
///     i, f, o = σ(W x + b + U h + b′),  g = tanh(W x + b + U h + b′)
///     c′ = f c + i g,  h′ = o tanh(c′)
///
///     let lstm = LSTM(10, 20, numLayers: 2)
///     let (output, (h, c)) = lstm(Tensor.randn([5, 3, 10]))   // [5, 3, 20], [2, 3, 20], [2, 3, 20]
///
/// The rows of the weights are those of i, f, g, o. With `projSize` the output h′ is multiplied with
/// `weight_hr` (Sak et al., 2014). See `RecurrentModule` for the state and
/// [torch.nn.LSTM](https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html).
public final class LSTM: RecurrentModule {
  /// - Parameters:
  ///   - batchFirst: inputs and outputs are [batch, steps, …] in place of [steps, batch, …].
  ///   - dropout: in [0, 1], of the outputs of all layers but the last, in training.
  ///   - bidirectional: a second direction goes from the last step to the first; outputs have both.
  ///   - projSize: the size of the outputs, less than `hiddenSize`; 0 leaves them as they are.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true,
    batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false, projSize: Int = 0,
    dtype: DType? = nil
  ) {
    super.init(
      inputSize, hiddenSize, gates: 4, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
      dropout: dropout, bidirectional: bidirectional, projSize: projSize, dtype: dtype)
  }

  /// The outputs of the last layer and the last states of each layer and direction.
  ///
  /// - Parameters:
  ///   - input: [steps, batch, in], or [steps, in] without a batch.
  ///   - state: h [layers · directions, batch, out] and c [layers · directions, batch, hidden] to begin
  ///     with; zeros unless given.
  /// - Returns: output [steps, batch, directions · out] and the state as above.
  public func callAsFunction(_ input: Tensor, _ state: (h: Tensor, c: Tensor)? = nil) -> (
    output: Tensor, state: (h: Tensor, c: Tensor)
  ) {
    scoped {
      forward(input, state.map { [$0.h, $0.c] }).map { ($0.output, ($0.states[0], $0.states[1])) }
    } ?? (.poison, (.poison, .poison))
  }

  /// The same for sequences of different lengths.
  public func callAsFunction(_ input: PackedSequence, _ state: (h: Tensor, c: Tensor)? = nil) -> (
    output: PackedSequence, state: (h: Tensor, c: Tensor)
  ) {
    scoped {
      forward(input, state.map { [$0.h, $0.c] }).map { ($0.output, ($0.states[0], $0.states[1])) }
    } ?? (input, (.poison, .poison))
  }

  override var stateSizes: [Int] { [outputSize, hiddenSize] }

  override func run(
    _ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor], _ weights: [Tensor]
  ) -> (Tensor, [Tensor]) {
    let gates = linear(x, weight: weights[0], bias: bias ? weights[2] + weights[3] : nil)
    let recurrent = weights[1].t()
    let projection = projSize > 0 ? weights.last?.t() : nil
    return steps.run(gates, states) { gates, states in
      let (h, c) = Self.step(gates + states[0].matmul(recurrent), states[1], hiddenSize)
      return [projection.map { h.matmul($0) } ?? h, c]
    }
  }

  /// h and c after a step whose sums are `gates`.
  static func step(_ gates: Tensor, _ c: Tensor, _ size: Int) -> (Tensor, Tensor) {
    let (i, f) = (gates.gate(0, size: size).sigmoid(), gates.gate(1, size: size).sigmoid())
    let (g, o) = (gates.gate(2, size: size).tanh(), gates.gate(3, size: size).sigmoid())
    let next = f * c + i * g
    return (o * next.tanh(), next)
  }
}
