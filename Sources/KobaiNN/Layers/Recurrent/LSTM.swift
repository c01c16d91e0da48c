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
public final class LSTM: RecurrentModule, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, state: (h: Tensor, c: Tensor)?)
  /// The outputs of the last layer at each step, and the states at the end.
  public typealias Output = (output: Tensor, state: (h: Tensor, c: Tensor))

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
  public func callAsFunction(_ input: Tensor, _ state: (h: Tensor, c: Tensor)? = nil) -> Output {
    hooked((input, state)) { given in
      guard let (output, states) = forward(given.input, given.state.map { [$0.h, $0.c] }) else {
        return (.poison, (.poison, .poison))
      }
      return (output, (states[0], states[1]))
    }
  }

  /// The same for sequences of different lengths. Hooks see the data of input and output.
  public func callAsFunction(_ input: PackedSequence, _ state: (h: Tensor, c: Tensor)? = nil) -> (
    output: PackedSequence, state: (h: Tensor, c: Tensor)
  ) {
    var packed = input
    let (data, state) = hooked((input.data, state)) { given in
      packed.data = given.input
      guard let (output, states) = forward(packed, given.state.map { [$0.h, $0.c] }) else {
        return (.poison, (.poison, .poison))
      }
      return (output.data, (states[0], states[1]))
    }
    packed.data = data
    return (packed, state)
  }

  override var stateSizes: [Int] { [outputSize, hiddenSize] }

  override func run(
    _ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor], _ weights: [Tensor]
  ) -> (Tensor, [Tensor]) {
    guard projSize > 0, let projection = weights.last?.t() else {
      return recurrentLayer(
        .lstm, x, steps, states, weights: Array(weights[..<2]), biases: Array(weights[2...]))
    }
    let gates = linear(x, weight: weights[0], bias: bias ? weights[2] + weights[3] : nil)
    let recurrent = weights[1].t()
    return steps.run(gates, states) { gates, states in
      var next = RecurrentCellKind.lstm.step(
        gates, states[0].matmul(recurrent), states, size: hiddenSize)
      next[0] = next[0].matmul(projection)
      return next
    }
  }
}
