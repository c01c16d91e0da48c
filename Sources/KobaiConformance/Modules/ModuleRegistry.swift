import Kobai
import KobaiTensor

/// A module that a case has asked for, and how it is called.
public struct MadeModule {
  public let module: ModuleBase
  /// The names of the call's positional parameters.
  public let inputs: [String]
  /// Called with the call's arguments before the state is loaded, if parameters depend on them.
  public var prepare: ((Arguments) throws -> Void)?
  public let call: (Arguments) throws -> Output
}

/// How one of PyTorch's modules is written with Kobai.
public struct ModuleHandler: Sendable {
  /// The names of the constructor's positional parameters, in PyTorch's order.
  public let parameters: [String]
  public let make: @Sendable (Arguments) throws -> MadeModule
}

/// The modules that can be checked. A family of modules adds its rows in its own file beside this one:
///
///     registry.module("Linear", "in_features", "out_features", "bias") { a in
///       try Linear(a.int("in_features"), a.int("out_features"), bias: a.bool("bias", default: true))
///     }
///
/// A constructor's `dtype` need not be asked for: the module is converted.
public struct ModuleRegistry: Sendable {
  public private(set) var handlers: [String: ModuleHandler] = [:]

  public init() {}

  /// A module whose way of being called depends on how it was made.
  public mutating func add(
    _ name: String, parameters: [String], make: @escaping @Sendable (Arguments) throws -> MadeModule
  ) {
    handlers[name] = ModuleHandler(parameters: parameters, make: make)
  }

  /// A module with any inputs and outputs.
  public mutating func add<M: ModuleBase>(
    _ name: String, _ parameters: [String], inputs: [String],
    make: @escaping @Sendable (Arguments) throws -> M,
    call: @escaping @Sendable (M, Arguments) throws -> Output
  ) {
    add(name, parameters: parameters) { a in
      let module = try make(a)
      return MadeModule(module: module, inputs: inputs) { try call(module, $0) }
    }
  }

  /// A module from tensor to tensor.
  public mutating func module<M: Module>(
    _ name: String, _ parameters: String..., make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    module(name, parameters, make: make)
  }

  /// A module from tensor to tensor, its parameters as a list.
  public mutating func module<M: Module>(
    _ name: String, _ parameters: [String], make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    add(name, parameters, inputs: ["input"], make: make) { module, a in
      .tensor(module(try a.tensor("input")))
    }
  }

  /// A module from two tensors to one, such as a loss.
  public mutating func module2<M: Module2>(
    _ name: String, _ parameters: String..., inputs: (String, String) = ("input", "target"),
    make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input1 == Tensor, M.Input2 == Tensor, M.Output == Tensor {
    let (first, second) = inputs
    add(name, parameters, inputs: [first, second], make: make) { module, a in
      .tensor(module(try a.tensor(first), try a.tensor(second)))
    }
  }

  /// A module from three tensors to one.
  public mutating func module3<M: Module3>(
    _ name: String, _ parameters: String..., inputs: (String, String, String),
    make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input1 == Tensor, M.Input2 == Tensor, M.Input3 == Tensor, M.Output == Tensor {
    let (first, second, third) = inputs
    add(name, parameters, inputs: [first, second, third], make: make) { module, a in
      .tensor(module(try a.tensor(first), try a.tensor(second), try a.tensor(third)))
    }
  }
}

extension ModuleRegistry {
  /// All modules that Kobai can be asked for.
  public static let standard: ModuleRegistry = {
    var registry = ModuleRegistry()
    registry.addLinear()
    registry.addActivations()
    registry.addConvolution()
    registry.addLazy()
    registry.addPooling()
    registry.addNormalization()
    registry.addShapes()
    registry.addLosses()
    registry.addRecurrent()
    registry.addTransformers()
    return registry
  }()

  /// Makes a module from the arguments of its constructor.
  ///
  /// - Throws: `Unsupported` for one that is not known and for arguments that it does not read.
  func make(_ name: String, _ arguments: (_ parameters: [String]) -> Arguments) throws -> MadeModule
  {
    let name = name.hasPrefix("nn.") ? String(name.dropFirst(3)) : name
    guard let handler = handlers[name] else { throw Unsupported("no module nn.\(name)") }
    let arguments = arguments(handler.parameters)
    let made = try handler.make(arguments)
    if let dtype = try arguments.optionalDType("dtype") { made.module.to(dtype) }
    try arguments.refuseLeftover("nn.\(name)")
    return made
  }
}

extension Arguments {
  /// An argument that is itself a module.
  func module(_ name: String) throws -> ModuleBase? {
    guard let value = value(name), value != .null else { return nil }
    guard case .module(let kind, let args, let kwargs) = value else {
      throw ArgumentTypeMismatch(
        "the parameter \(name) is a module and does not take \(value.kind)")
    }
    guard let positional = args.items, case .dict(let named) = kwargs else {
      throw SuiteError("the module \(kind) has malformed arguments")
    }
    return try ModuleRegistry.standard.make(kind) { parameters in
      nested(positional, named, parameters: parameters)
    }.module
  }

  /// An argument that nothing has read would be an unfounded pass.
  func refuseLeftover(_ call: String) throws {
    guard leftover.isEmpty else {
      throw Unsupported("\(call): argument \(leftover.joined(separator: ", "))")
    }
  }
}

extension CaseValue {
  /// The elements of a list or tuple.
  var items: [CaseValue]? {
    switch self {
    case .list(let items), .tuple(let items): items
    case .ints(let items), .intTuple(let items): items.map(CaseValue.int)
    default: nil
    }
  }
}
