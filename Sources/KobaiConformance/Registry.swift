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

  /// A call with any kind of result, its parameters as a list.
  public mutating func add(
    _ name: String, parameters: [String],
    inPlace: (@Sendable (Arguments) throws -> Output)? = nil,
    run: @escaping @Sendable (Arguments) throws -> Output
  ) {
    handlers[name] = Handler(parameters: parameters, run: run, runInPlace: inPlace)
  }

  /// A call with any kind of result.
  public mutating func call(
    _ name: String, _ parameters: String...,
    inPlace: (@Sendable (Arguments) throws -> Output)? = nil,
    run: @escaping @Sendable (Arguments) throws -> Output
  ) {
    handlers[name] = Handler(parameters: parameters, run: run, runInPlace: inPlace)
  }

  /// A call that gives one tensor.
  public mutating func tensor(
    _ name: String, _ parameters: String...,
    inPlace: (@Sendable (Arguments) throws -> Tensor)? = nil,
    run: @escaping @Sendable (Arguments) throws -> Tensor
  ) {
    var handler = Handler(parameters: parameters) { a in .tensor(try run(a)) }
    if let inPlace { handler.runInPlace = { a in .tensor(try inPlace(a)) } }
    handlers[name] = handler
  }

  /// A call that gives several tensors.
  public mutating func tensors(
    _ name: String, _ parameters: String..., run: @escaping @Sendable (Arguments) throws -> [Tensor]
  ) {
    handlers[name] = Handler(parameters: parameters) { a in
      .tuple(try run(a).map { Output.tensor($0) })
    }
  }
}

extension Registry {
  /// All calls that Kobai can be asked for.
  public static let standard: Registry = {
    var registry = Registry()
    registry.addElementwise()
    registry.addReductions()
    registry.addMovement()
    registry.addIndexing()
    registry.addSubscripts()
    registry.addContraction()
    registry.addCreation()
    registry.addRandom()
    registry.addActivations()
    registry.addConvolution()
    registry.addPooling()
    registry.addNormalization()
    registry.addLosses()
    return registry
  }()
}
