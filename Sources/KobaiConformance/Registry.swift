import KobaiTensor

/// What a call gives back.
public indirect enum Output {
  case tensor(Tensor)
  case none
  case int(Int)
  case double(Double)
  case bool(Bool)
  case complex(Double, Double)
  case dtype(DType)
  case ints([Int])
  case tuple([Output])

  /// The tensors in it, in order.
  public var tensors: [Tensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .tuple(let outputs): outputs.flatMap(\.tensors)
    default: []
    }
  }
}

/// How a call of PyTorch is written with Kobai.
public struct Handler: Sendable {
  /// The names of the positional parameters, in PyTorch's order.
  public var parameters: [String]
  public var run: @Sendable (Arguments) throws -> Output
  /// The form that writes to its first argument, where there is one.
  public var runInPlace: (@Sendable (Arguments) throws -> Output)?
}

/// The calls that can be checked. A family of calls adds its rows in its own file below `Calls/`:
///
///     registry.tensor("torch.tril", "input", "diagonal") { a in
///       try a.tensor("input").tril(diagonal: a.int("diagonal", default: 0))
///     }
public struct Registry: Sendable {
  public private(set) var handlers: [String: Handler] = [:]

  public init() {}

  /// A call with any kind of result.
  public mutating func call(
    _ names: String..., parameters: [String],
    inPlace: (@Sendable (Arguments) throws -> Output)? = nil,
    run: @escaping @Sendable (Arguments) throws -> Output
  ) {
    for name in names {
      handlers[name] = Handler(parameters: parameters, run: run, runInPlace: inPlace)
    }
  }

  /// A call that gives one tensor.
  public mutating func tensor(
    _ name: String, _ parameters: String...,
    inPlace: (@Sendable (Arguments) throws -> Tensor)? = nil,
    run: @escaping @Sendable (Arguments) throws -> Tensor
  ) {
    call(
      name, parameters: parameters,
      inPlace: inPlace.map { inPlace in { .tensor(try inPlace($0)) } }
    ) { .tensor(try run($0)) }
  }

  /// A call that gives several tensors.
  public mutating func tensors(
    _ name: String, _ parameters: String..., run: @escaping @Sendable (Arguments) throws -> [Tensor]
  ) {
    call(name, parameters: parameters) { .tuple(try run($0).map(Output.tensor)) }
  }
}
