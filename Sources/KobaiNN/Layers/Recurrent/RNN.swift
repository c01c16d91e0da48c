import KobaiOperators
import KobaiTensor

/// What follows the sum in an `RNN` or `RNNCell`.
public enum RNNNonlinearity: String, Sendable, CaseIterable {
  case tanh, relu

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .tanh: x.tanh()
    case .relu: x.relu()
    }
  }
}

/// hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh), in layers, in one or both directions (Elman, 1990).
///
///     let rnn = RNN(10, 20, numLayers: 2)
///     let (output, h) = rnn(Tensor.randn([5, 3, 10]))   // [5, 3, 20], [2, 3, 20]
///
/// See `RecurrentModule` for the state and
/// [torch.nn.RNN](https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html).
public final class RNN: RecurrentModule {
  public let nonlinearity: RNNNonlinearity

  /// - Parameters:
  ///   - batchFirst: inputs and outputs are [batch, steps, …] in place of [steps, batch, …].
  ///   - dropout: in [0, 1], of the outputs of all layers but the last, in training.
  ///   - bidirectional: a second direction goes from the last step to the first; outputs have both.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1,
    nonlinearity: RNNNonlinearity = .tanh, bias: Bool = true, batchFirst: Bool = false,
    dropout: Double = 0, bidirectional: Bool = false, dtype: DType? = nil
  ) {
    self.nonlinearity = nonlinearity
    super.init(
      inputSize, hiddenSize, gates: 1, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
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
    let gates = linear(x, weight: weights[0], bias: bias ? weights[2] + weights[3] : nil)
    let recurrent = weights[1].t()
    return steps.run(gates, states) { gates, states in
      [nonlinearity(gates + states[0].matmul(recurrent))]
    }
  }
}
