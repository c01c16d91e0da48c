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
public final class GRU: RecurrentModule, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, h: Tensor?)
  /// The outputs of the last layer at each step, and the state at the end.
  public typealias Output = (output: Tensor, h: Tensor)

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
  public func callAsFunction(_ input: Tensor, _ h: Tensor? = nil) -> Output {
    hooked((input, h)) { given in
      guard let (output, states) = forward(given.input, given.h.map { [$0] }) else {
        return (.poison, .poison)
      }
      return (output, states[0])
    }
  }

  /// The same for sequences of different lengths. Hooks see the data of input and output.
  public func callAsFunction(_ input: PackedSequence, _ h: Tensor? = nil) -> (
    output: PackedSequence, h: Tensor
  ) {
    var packed = input
    let (data, h) = hooked((input.data, h)) { given in
      packed.data = given.input
      guard let (output, states) = forward(packed, given.h.map { [$0] }) else {
        return (.poison, .poison)
      }
      return (output.data, states[0])
    }
    packed.data = data
    return (packed, h)
  }

  override func run(
    _ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor], _ weights: [Tensor]
  ) -> (Tensor, [Tensor]) {
    recurrentLayer(
      .gru, x, steps, states, weights: Array(weights[..<2]), biases: Array(weights[2...]))
  }
}
