import KobaiOperators
import KobaiTensor

/// A traced computation: primitives in the order they were met, on numbered values.
///
/// Every value is given once: as an input, as a constant, or as the result of a step that comes before all
/// steps that read it. `verify()` checks this.
public struct Graph: Sendable {
  /// One operation.
  public struct Step: Sendable {
    public let primitive: any Primitive
    public var inputs: [Int]
    public var outputs: [Int]
    /// The module in whose `forward` the operation was called: `Net.fc1`; empty outside of modules.
    public var scope: String

    public init(primitive: any Primitive, inputs: [Int], outputs: [Int], scope: String = "") {
      self.primitive = primitive
      self.inputs = inputs
      self.outputs = outputs
      self.scope = scope
    }

    /// What the operation is called in graphs and errors.
    public var name: String {
      guard let tailed = primitive as? Primitives.Tailed else { return type(of: primitive).name }
      return type(of: tailed.product).name + "+tail"
    }
    /// Whether each evaluation gives other results: such a step is neither removed nor repeated.
    public var isRandom: Bool { primitive is any RandomPrimitive }
    /// The same of the step or of a loop's or branch's operations.
    var drawsNumbers: Bool {
      switch primitive {
      case let scan as Primitives.Scan: scan.isRandom
      case let loop as Primitives.While: loop.isRandom
      case let branch as Primitives.Cond: branch.isRandom
      default: isRandom
      }
    }
  }

  /// The type of each value.
  public internal(set) var types: [TensorType] = []
  /// The values that are given, in order.
  public internal(set) var inputs: [Int] = []
  /// The values that were tensors of the surroundings.
  public internal(set) var constants: [(value: Int, tensor: Tensor)] = []
  public internal(set) var steps: [Step] = []
  public internal(set) var outputs: [Int] = []
  /// For an output, the input that it replaces, whose memory it may take.
  var donors: [Int: Int] = [:]

  /// A new value of this type; its number.
  mutating func value(_ type: TensorType) -> Int {
    types.append(type)
    return types.count - 1
  }

  /// The outputs for these inputs, step by step through `bind`.
  public func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
    guard arguments.map(\.type) == inputs.map({ types[$0] }) else {
      return misuse(
        "graph: was traced for inputs \(inputs.map { types[$0] }), but was given "
          + "\(arguments.map(\.type)); trace again", else: outputs.map { _ in .poison })
    }
    var values = [Tensor?](repeating: nil, count: types.count)
    for (value, argument) in zip(inputs, arguments) { values[value] = argument }
    for (value, tensor) in constants { values[value] = tensor }
    for step in steps {
      let results = bind(step.primitive, step.inputs.map { values[$0] ?? .poison })
      for (value, result) in zip(step.outputs, results) { values[value] = result }
    }
    return outputs.map { values[$0] ?? .poison }
  }
}

extension Graph: CustomStringConvertible {
  /// One line per step: `%2: float32[3] = mul %0 %1`.
  public var description: String {
    var lines = ["(\(inputs.map { "%\($0): \(types[$0])" }.joined(separator: ", ")))"]
    lines += constants.map { "%\($0.value): \(types[$0.value]) = constant" }
    lines += steps.map { step in
      let results = step.outputs.map { "%\($0): \(types[$0])" }.joined(separator: ", ")
      let operands = step.inputs.map { " %\($0)" }.joined()
      return "\(results) = \(step.name)\(operands)"
    }
    lines.append("return \(outputs.map { "%\($0)" }.joined(separator: ", "))")
    return lines.joined(separator: "\n")
  }
}
