/// The name of an option of an optimizer, PyTorch's with underscores: `lr`, `weight_decay`.
///
///     ParameterGroup(layer.parameters, [.lr: 0.1, .weightDecay: 0])
public struct Hyperparameter: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  /// PyTorch's name.
  public let rawValue: String
  /// An option by PyTorch's name.
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { rawValue = value }
  public var description: String { rawValue }
}

extension Hyperparameter {
  /// The learning rate.
  public static let lr: Hyperparameter = "lr"
  /// The share of the last update that the next one keeps.
  public static let momentum: Hyperparameter = "momentum"
  /// How much less of the gradient enters the momentum.
  public static let dampening: Hyperparameter = "dampening"
  /// The factor of the L2 penalty, or of the decay itself where decay is decoupled.
  public static let weightDecay: Hyperparameter = "weight_decay"
  /// The decay of the running mean of gradients: the first of PyTorch's `betas`.
  public static let beta1: Hyperparameter = "beta1"
  /// The decay of the running mean of squared gradients: the second of PyTorch's `betas`.
  public static let beta2: Hyperparameter = "beta2"
  /// What keeps a denominator from zero.
  public static let eps: Hyperparameter = "eps"
  /// Whether the objective is to grow.
  public static let maximize: Hyperparameter = "maximize"
  /// Whether momentum looks one step ahead.
  public static let nesterov: Hyperparameter = "nesterov"
  /// Whether the largest mean of squared gradients so far is used.
  public static let amsgrad: Hyperparameter = "amsgrad"
  /// Whether weight decay acts on the parameter rather than through the gradient.
  public static let decoupledWeightDecay: Hyperparameter = "decoupled_weight_decay"
}

/// The value of an option: a number, a flag, a choice, or several numbers.
///
/// As text it is JSON, and text gives the same value again, to the last bit:
///
///     HyperparameterValue.number(0.1).description      // 0.1
///     HyperparameterValue(json: "[0.1, 0.2]")          // Optional([0.1, 0.2])
public enum HyperparameterValue: Hashable, Sendable {
  /// As learning rates and decays are.
  case number(Double)
  /// As `nesterov` and `amsgrad` are.
  case flag(Bool)
  /// One of several choices, by its name.
  case text(String)
  /// As bounds and pairs are.
  case numbers([Double])
  /// An option that is not set.
  case none
}

extension HyperparameterValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral
{
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}

extension HyperparameterValue {
  /// The number; nil for anything else.
  public var number: Double? { if case .number(let number) = self { number } else { nil } }
  /// The flag; nil for anything else.
  public var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
  /// The numbers; nil for anything else.
  public var numbers: [Double]? { if case .numbers(let numbers) = self { numbers } else { nil } }
}

extension HyperparameterValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    case .text(let text): "\"\(text)\""
    case .numbers(let numbers): "[\(numbers.map { "\($0)" }.joined(separator: ", "))]"
    case .none: "null"
    }
  }

  /// The value that `description` writes as this text; nil if it writes none.
  public init?(json description: String) {
    switch description {
    case "true": self = .flag(true)
    case "false": self = .flag(false)
    case "null": self = .none
    case _ where description.hasPrefix("\"") && description.hasSuffix("\""):
      self = .text(String(description.dropFirst().dropLast()))
    case _ where description.hasPrefix("[") && description.hasSuffix("]"):
      let parts = description.dropFirst().dropLast().split(separator: ",")
      let numbers = parts.compactMap { Double($0.drop { $0 == " " }) }
      guard numbers.count == parts.count else { return nil }
      self = .numbers(numbers)
    default:
      guard let number = Double(description) else { return nil }
      self = .number(number)
    }
  }
}
