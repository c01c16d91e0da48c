import KobaiOperators
import KobaiTensor

/// What `RNNCell`, `LSTMCell` and `GRUCell` share: one step of a recurrent network.
///
/// State: `weight_ih` [gates · hidden, in], `weight_hh` [gates · hidden, hidden], `bias_ih` and `bias_hh`
/// [gates · hidden], all uniform in ±1/√hidden at first.
public class RecurrentCell: ModuleBase {
  /// The features of the input, and those of the hidden state.
  public let inputSize, hiddenSize: Int
  /// [gates · hidden, in], for the input.
  @Parameter public final var weightIH: Tensor
  /// [gates · hidden, hidden], for the hidden state.
  @Parameter public final var weightHH: Tensor
  /// [gates · hidden], added to the input's part; nil without a bias.
  @Parameter public final var biasIH: Tensor?
  /// [gates · hidden], added to the hidden state's part; nil without a bias.
  @Parameter public final var biasHH: Tensor?

  init(_ inputSize: Int, _ hiddenSize: Int, gates: Int, bias: Bool, dtype: DType?) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    let size = gates * hiddenSize
    weightIH = Tensor.empty([size, inputSize], dtype: dtype)
    weightHH = Tensor.empty([size, hiddenSize], dtype: dtype)
    biasIH = bias ? Tensor.empty([size], dtype: dtype) : nil
    biasHH = bias ? Tensor.empty([size], dtype: dtype) : nil
    super.init()
    resetParameters()
  }

  /// New initial values from the default generator.
  public final func resetParameters() {
    for var parameter in parameters { parameter.uniformInFan_(hiddenSize) }
  }

  public override var extraDescription: String {
    "\(inputSize), \(hiddenSize)" + (biasIH == nil ? ", bias=False" : "")
  }

  /// What the input and the state contribute to the gates.
  final func contributions(_ input: Tensor, _ h: Tensor) -> (Tensor, Tensor) {
    (
      linear(input, weight: weightIH, bias: biasIH),
      linear(h, weight: weightHH, bias: biasHH)
    )
  }

  /// The states to begin with, after all checks; nil after a misuse.
  final func accept(_ input: Tensor, _ states: [Tensor]?, count: Int) -> [Tensor]? {
    func refuse(_ fault: String) -> [Tensor]? { misuse("\(type(of: self)): \(fault)", else: nil) }
    guard (1...2).contains(input.rank) else {
      return refuse("Expected input to be 1D or 2D, got \(input.rank)D instead")
    }
    for (i, state) in (states ?? []).enumerated() where !(1...2).contains(state.rank) {
      let which = count == 1 ? "hidden" : "hx[\(i)]"
      return refuse("Expected \(which) to be 1D or 2D, got \(state.rank)D instead")
    }
    guard input.size(-1) == inputSize else {
      return refuse(
        "input has inconsistent input_size: got \(input.size(-1)) expected \(inputSize)")
    }
    let batch = Array(input.shape.dropLast())
    guard let states else {
      let zeros = Tensor.zeros(batch + [hiddenSize], dtype: input.dtype)
      return Array(repeating: zeros, count: count)
    }
    for (i, state) in states.enumerated() {
      guard state.rank == input.rank else {
        return refuse(
          "input of shape \(input.shape) and hidden\(i) of shape \(state.shape) must both have a batch "
            + "dimension or none")
      }
      guard Array(state.shape.dropLast()) == batch else {
        return refuse(
          "Input batch size \(input.size(0)) doesn't match hidden\(i) batch size \(state.size(0))")
      }
      guard state.size(-1) == hiddenSize else {
        return refuse(
          "hidden\(i) has inconsistent hidden_size: got \(state.size(-1)), expected \(hiddenSize)")
      }
    }
    return states
  }
}

/// One step of an `RNN`.
///
///     let cell = RNNCell(10, 20)
///     var h = Tensor.zeros([3, 20])
///     for x in sequence { h = cell(x, h) }   // x: [3, 10]
public final class RNNCell: RecurrentCell, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, h: Tensor?)
  public typealias Output = Tensor

  /// What follows the sum.
  public let nonlinearity: RNNNonlinearity

  /// - Parameters:
  ///   - inputSize: the features of the input.
  ///   - hiddenSize: the features of the hidden state.
  ///   - bias: whether there are two, one for the input and one for the hidden state.
  ///   - nonlinearity: what follows the sum.
  ///   - dtype: of the parameters; the default one unless given.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: RNNNonlinearity = .tanh,
    dtype: DType? = nil
  ) {
    self.nonlinearity = nonlinearity
    super.init(inputSize, hiddenSize, gates: 1, bias: bias, dtype: dtype)
  }

  /// - Parameters:
  ///   - input: [batch, in] or [in].
  ///   - h: [batch, hidden] or [hidden]; zeros unless given.
  /// - Returns: the next h.
  public func callAsFunction(_ input: Tensor, _ h: Tensor? = nil) -> Tensor {
    hooked((input, h)) { given in
      guard let states = accept(given.input, given.h.map { [$0] }, count: 1) else {
        return .poison
      }
      let (x, r) = contributions(given.input, states[0])
      return nonlinearity.cell.step(x, r, states, size: hiddenSize)[0]
    }
  }

  public override var extraDescription: String {
    super.extraDescription + (nonlinearity == .tanh ? "" : ", nonlinearity=\(nonlinearity)")
  }
}

/// One step of an `LSTM`.
///
///     let cell = LSTMCell(10, 20)
///     var (h, c) = cell(x)           // x: [3, 10]
///     (h, c) = cell(x, (h, c))
public final class LSTMCell: RecurrentCell, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, state: (h: Tensor, c: Tensor)?)
  /// The next states.
  public typealias Output = (h: Tensor, c: Tensor)

  /// - Parameters:
  ///   - inputSize: the features of the input.
  ///   - hiddenSize: the features of h and of c.
  ///   - bias: whether there are two, one for the input and one for h.
  ///   - dtype: of the parameters; the default one unless given.
  public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType? = nil) {
    super.init(inputSize, hiddenSize, gates: 4, bias: bias, dtype: dtype)
  }

  /// - Parameters:
  ///   - input: [batch, in] or [in].
  ///   - state: h and c, [batch, hidden] or [hidden] each; zeros unless given.
  /// - Returns: the next h and c.
  public func callAsFunction(_ input: Tensor, _ state: (h: Tensor, c: Tensor)? = nil) -> Output {
    hooked((input, state)) { given in
      guard let states = accept(given.input, given.state.map { [$0.h, $0.c] }, count: 2) else {
        return (.poison, .poison)
      }
      let (x, r) = contributions(given.input, states[0])
      let next = RecurrentCellKind.lstm.step(x, r, states, size: hiddenSize)
      return (next[0], next[1])
    }
  }
}

/// One step of a `GRU`.
///
///     let cell = GRUCell(10, 20)
///     let h = cell(x)           // x: [3, 10]
public final class GRUCell: RecurrentCell, Hookable {
  /// As hooks see a call.
  public typealias Input = (input: Tensor, h: Tensor?)
  public typealias Output = Tensor

  /// - Parameters:
  ///   - inputSize: the features of the input.
  ///   - hiddenSize: the features of the hidden state.
  ///   - bias: whether there are two, one for the input and one for the hidden state.
  ///   - dtype: of the parameters; the default one unless given.
  public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType? = nil) {
    super.init(inputSize, hiddenSize, gates: 3, bias: bias, dtype: dtype)
  }

  /// - Parameters:
  ///   - input: [batch, in] or [in].
  ///   - h: [batch, hidden] or [hidden]; zeros unless given.
  /// - Returns: the next h.
  public func callAsFunction(_ input: Tensor, _ h: Tensor? = nil) -> Tensor {
    hooked((input, h)) { given in
      guard let states = accept(given.input, given.h.map { [$0] }, count: 1) else {
        return .poison
      }
      let (x, r) = contributions(given.input, states[0])
      return RecurrentCellKind.gru.step(x, r, states, size: hiddenSize)[0]
    }
  }
}
