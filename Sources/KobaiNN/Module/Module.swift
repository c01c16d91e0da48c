import CKernels
import KobaiTensor
import Synchronization

/// A network or a part of one: it has parameters, parts of its own and a `forward`.
///
///     final class Net: Module {
///       let fc1 = Linear(784, 100)
///       let fc2 = Linear(100, 10)
///       func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
///     }
///     let net = Net()
///     net(Tensor.randn([32, 784])).shape   // [32, 10]
///
/// Write `forward`, call `net(x)`: the call opens the module's scope, whose path errors, anomaly reports
/// and graph drawings show, and runs its hooks. Input and output may be of any type, tuples too; for two
/// or three inputs see `Module2` and `Module3`.
///
/// Parameters (`@Parameter`), buffers (`@Buffer`) and modules among the stored properties, also inside
/// of arrays, dictionaries and optionals, are found by themselves.
public typealias Module = ModuleBase & Forward

/// A module with two inputs: `func forward(_ x: Tensor, _ mask: Tensor?) -> Tensor`, called `net(x, mask)`.
public typealias Module2 = ModuleBase & Forward2

/// A module with three inputs, called `net(x, y, z)`.
public typealias Module3 = ModuleBase & Forward3

/// What every module has, whatever its inputs are: its parts, its mode, its name.
///
/// A class that inherits from this alone, without `Forward`, writes its own `callAsFunction` and wraps
/// its work in `scoped { }`, or conforms to `Hookable` and wraps it in `hooked(input) { }`.
open class ModuleBase {
  /// Whether the module is being trained: dropout and batch normalization act differently.
  public final var isTraining: Bool {
    if Tracing.isActive {
      Tracing.observe("the training mode of \(type(of: self))") { [weak self] in self?.mode }
    }
    return mode
  }
  private final var mode = true
  final var hooks: Hooks?
  /// Where the module stands below the module that was called last from outside; see `enterScope`.
  final var location: (root: String, path: String)?
  /// The outer scope's number in the upper half, this module's below it.
  private final let cachedScope = Atomic<UInt64>(.max)

  /// A module in training mode.
  public init() {}

  /// The parameters, buffers and modules directly below this module, with PyTorch's names.
  ///
  /// They are found among the stored properties. A module whose parameters have names that Swift
  /// properties cannot have (`weight_ih_l0`) overrides this.
  open var members: [Member] { reflectedMembers() }

  /// The name in the state of a stored property: PyTorch's spelling of it.
  ///
  ///     key(for: "runningMean")   // "running_mean"
  ///
  /// Override it where a checkpoint has other names.
  open func key(for property: String) -> String { property.snakeCased }

  /// What stands between the parentheses of the description: `in_features=2, out_features=3`.
  open var extraDescription: String { "" }

  /// Called after training mode has changed; for modules that keep more than the flag.
  open func modeDidChange() {}

  /// Sets training mode here and in all modules below.
  ///
  ///     net.train()       // dropout drops, batch normalization uses the batch
  ///     net.train(false)  // the same as net.eval()
  @discardableResult
  public final func train(_ mode: Bool = true) -> Self {
    for module in modules {
      module.mode = mode
      module.modeDidChange()
    }
    return self
  }

  /// Sets evaluation mode here and in all modules below.
  @discardableResult
  public final func eval() -> Self { train(false) }

  /// Training mode for this module alone, as it was before.
  final func restoreTraining() {
    mode = true
    modeDidChange()
  }

  /// Runs `body` in this module's scope; `callAsFunction` does so by itself.
  @inlinable
  public final func scoped<R>(_ body: () throws -> R) rethrows -> R {
    let outer = kb_context_scope()
    kb_context_set_scope(scope(below: outer))
    defer { kb_context_set_scope(outer) }
    let result = try body()
    if hasHooks { observe(result) }
    return result
  }

  @usableFromInline
  final func scope(below outer: UInt32) -> UInt32 {
    let cached = cachedScope.load(ordering: .relaxed)
    if UInt32(truncatingIfNeeded: cached >> 32) == outer && cached != .max {
      return UInt32(truncatingIfNeeded: cached)
    }
    return findScope(below: outer)
  }

  @inline(never)
  private final func findScope(below outer: UInt32) -> UInt32 {
    let path: String
    if outer == 0 {
      path = "\(type(of: self))"
      for (name, module) in namedModules where module !== self { module.location = (path, name) }
    } else if let location {
      path = "\(location.root).\(location.path)"
    } else {
      path = "\(Scope(number: outer).path ?? "").\(type(of: self))"
    }
    let number = Scope(path: path).number
    cachedScope.store(UInt64(outer) << 32 | UInt64(number), ordering: .relaxed)
    return number
  }
}

/// A computation from one input; see `Module`.
public protocol Forward<Input, Output>: Hookable {
  /// What `forward` is given: often `Tensor`, or a tuple.
  associatedtype Input
  /// What `forward` returns.
  associatedtype Output

  /// The module's computation. Call `module(input)` rather than this.
  func forward(_ input: Input) -> Output
}

extension Forward {
  /// Runs `forward` in the module's scope, with its hooks.
  @inlinable
  public func callAsFunction(_ input: Input) -> Output {
    hooked(input, forward)
  }
}

/// A computation from two inputs; see `Module2`.
public protocol Forward2<Input1, Input2, Output>: Hookable where Input == (Input1, Input2) {
  associatedtype Input1
  associatedtype Input2
  associatedtype Output

  /// The module's computation. Call `module(x, y)` rather than this.
  func forward(_ input1: Input1, _ input2: Input2) -> Output
}

extension Forward2 {
  /// Runs `forward` in the module's scope, with its hooks.
  @inlinable
  public func callAsFunction(_ input1: Input1, _ input2: Input2) -> Output {
    hooked((input1, input2)) { forward($0.0, $0.1) }
  }
}

/// A computation from three inputs; see `Module3`.
public protocol Forward3<Input1, Input2, Input3, Output>: Hookable
where Input == (Input1, Input2, Input3) {
  associatedtype Input1
  associatedtype Input2
  associatedtype Input3
  associatedtype Output

  /// The module's computation. Call `module(x, y, z)` rather than this.
  func forward(_ input1: Input1, _ input2: Input2, _ input3: Input3) -> Output
}

extension Forward3 {
  /// Runs `forward` in the module's scope, with its hooks.
  @inlinable
  public func callAsFunction(_ input1: Input1, _ input2: Input2, _ input3: Input3) -> Output {
    hooked((input1, input2, input3)) { forward($0.0, $0.1, $0.2) }
  }
}
