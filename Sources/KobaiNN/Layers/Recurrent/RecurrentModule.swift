import KobaiOperators
import KobaiTensor

/// What `RNN`, `LSTM` and `GRU` share: layers of recurrent cells in one or two directions.
///
/// State: for layer k `weight_ih_lk` [gates · hidden, in], `weight_hh_lk` [gates · hidden, out],
/// `bias_ih_lk` and `bias_hh_lk` [gates · hidden], with projections `weight_hr_lk` [out, hidden]; those of the
/// second direction end in `_reverse`. All are uniform in ±1/√hidden at first, PyTorch's numbers for a seed.
///
///     LSTM(10, 20, numLayers: 2)["weight_hh_l1"]?.shape   // Optional([80, 20])
public class RecurrentModule: ModuleBase {
  /// The features of a step's input, those of the hidden state, and how many layers there are.
  public let inputSize, hiddenSize, numLayers: Int
  /// Whether there are biases, whether the batch is the first dimension, and whether a second direction
  /// goes from the last step to the first.
  public let bias, batchFirst, bidirectional: Bool
  /// The probability with which the outputs of all layers but the last are zeroed in training.
  public let dropout: Double
  /// The size that outputs are projected to; 0 without projection.
  public let projSize: Int
  /// For each layer and direction the parameters in PyTorch's order.
  private final var groups: [[Parameter<Tensor>]] = []

  init(
    _ inputSize: Int, _ hiddenSize: Int, gates: Int, numLayers: Int, bias: Bool, batchFirst: Bool,
    dropout: Double, bidirectional: Bool, projSize: Int = 0, dtype: DType?
  ) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.numLayers = numLayers
    self.bias = bias
    self.batchFirst = batchFirst
    self.dropout = dropout
    self.bidirectional = bidirectional
    self.projSize = projSize
    super.init()
    guard sizesAreValid else { return }
    for layer in 0..<numLayers {
      let width = layer == 0 ? inputSize : outputSize * directions
      for _ in 0..<directions {
        let size = gates * hiddenSize
        var shapes = [[size, width], [size, outputSize]]
        if bias { shapes += [[size], [size]] }
        if projSize > 0 { shapes.append([projSize, hiddenSize]) }
        groups.append(shapes.map { Parameter(wrappedValue: Tensor.empty($0, dtype: dtype)) })
      }
    }
    resetParameters()
  }

  /// New initial values from the default generator.
  public final func resetParameters() {
    for group in groups {
      for parameter in group {
        var weight = parameter.wrappedValue
        weight.uniformInFan_(hiddenSize)
      }
    }
  }

  final var directions: Int { bidirectional ? 2 : 1 }
  final var outputSize: Int { projSize > 0 ? projSize : hiddenSize }

  public final override var members: [Member] {
    zip(names.joined(), groups.joined()).map { Member($0, $1.kind) }
  }

  /// The parameters of each layer and direction, in PyTorch's order: `weight_ih`, `weight_hh`, then
  /// `bias_ih`, `bias_hh` and `weight_hr` where there are any.
  public final var allWeights: [[Tensor]] { groups.map { $0.map(\.wrappedValue) } }

  /// The parameter of a name; nil if there is none. Assigning a tensor replaces the parameter's value.
  ///
  ///     gru["bias_ih_l0_reverse"] = Tensor.zeros([60])
  public final subscript(name: String) -> Tensor? {
    get { place(of: name).map { groups[$0.group][$0.index].wrappedValue } }
    set {
      guard let place = place(of: name), let newValue else {
        return misuse(
          "\(type(of: self)): there is no parameter \(name), or nil was assigned to it; its parameters "
            + "are \(names.joined().joined(separator: ", ")) and hold a tensor each", else: ())
      }
      groups[place.group][place.index].wrappedValue = newValue
    }
  }

  private final func place(of name: String) -> (group: Int, index: Int)? {
    for (group, names) in names.enumerated() {
      if let index = names.firstIndex(of: name) { return (group, index) }
    }
    return nil
  }

  private final var names: [[String]] {
    groups.indices.map { group in
      let suffix = "l\(group / directions)" + (group % directions == 1 ? "_reverse" : "")
      var kinds = ["weight_ih", "weight_hh"]
      if bias { kinds += ["bias_ih", "bias_hh"] }
      if projSize > 0 { kinds.append("weight_hr") }
      return kinds.map { "\($0)_\(suffix)" }
    }
  }

  private final var sizesAreValid: Bool {
    let fault: String? =
      if !(0...1).contains(dropout) {
        "dropout should be a number in range [0, 1] representing the probability of an element being "
          + "zeroed, but it is \(dropout)"
      } else if inputSize <= 0 {
        "input_size must be greater than zero, but it is \(inputSize)"
      } else if hiddenSize <= 0 {
        "hidden_size must be greater than zero, but it is \(hiddenSize)"
      } else if numLayers <= 0 {
        "num_layers must be greater than zero, but it is \(numLayers)"
      } else if projSize < 0 {
        "proj_size should be a positive integer or zero to disable projections, but it is \(projSize)"
      } else if projSize >= hiddenSize {
        "proj_size has to be smaller than hidden_size, but they are \(projSize) and \(hiddenSize)"
      } else {
        nil
      }
    guard let fault else { return true }
    return misuse("\(type(of: self)): \(fault)", else: false)
  }

  public final override var extraDescription: String {
    var text = "\(inputSize), \(hiddenSize)"
    if projSize != 0 { text += ", proj_size=\(projSize)" }
    if numLayers != 1 { text += ", num_layers=\(numLayers)" }
    if !bias { text += ", bias=False" }
    if batchFirst { text += ", batch_first=True" }
    if dropout != 0 { text += ", dropout=\(dropout)" }
    if bidirectional { text += ", bidirectional=True" }
    return text
  }

  /// The sizes of the states, the first one's being that of the outputs.
  var stateSizes: [Int] { [outputSize] }

  /// One direction of one layer over all steps.
  ///
  /// - Parameters:
  ///   - x: [rows, in], the rows of one step after those of the other.
  ///   - steps: how many rows belong to each step.
  ///   - states: what the direction begins with, [batch, …] each.
  ///   - weights: as in `allWeights`.
  /// - Returns: the outputs [rows, out] and the states at the end.
  func run(_ x: Tensor, _ steps: RecurrentSteps, _ states: [Tensor], _ weights: [Tensor]) -> (
    Tensor, [Tensor]
  ) {
    misuse("\(type(of: self)): a recurrent module has to say how it runs", else: (.poison, states))
  }
}
