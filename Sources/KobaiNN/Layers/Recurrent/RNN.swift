import KobaiOperators
import KobaiTensor

/// What follows the sum in an `RNN` or `RNNCell`.
public enum RNNNonlinearity: String, Sendable, CaseIterable {
  case tanh, relu

  var cell: RecurrentCellKind {
    switch self {
    case .tanh: .tanh
    case .relu: .relu
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
public final class RNN: RecurrentModule, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, h: Tensor?)
  /// The outputs of the last layer at each step, and the state at the end.
  public typealias Output = (output: Tensor, h: Tensor)

  /// What follows the sum.
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
      nonlinearity.cell, x, steps, states, weights: Array(weights[..<2]),
      biases: Array(weights[2...]))
  }
}
