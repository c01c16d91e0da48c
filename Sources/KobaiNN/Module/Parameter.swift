import KobaiTensor

/// A tensor of a module that is trained.
///
///     final class Scale: Module {
///       @Parameter var factor = Tensor(1.0)
///       func forward(_ x: Tensor) -> Tensor { x * factor }
///     }
///
/// The property names one live state: copies of it, the optimizer's too, see each new value. Assigning
/// a tensor replaces the value and keeps the state; assigning another parameter shares that one's state
/// from then on (tied weights). A `Tensor?` is nil where the module is made without it.
@propertyWrapper
public struct Parameter<Wrapped: MemberValue>: MemberWrapper {
  private var live: Tensor?
  let key: String?

  /// A parameter that begins as a copy of the tensor given. One that already requires grad and is live is
  /// taken as it is, so that both share a state.
  public init(wrappedValue: Wrapped) { self.init(wrappedValue: wrappedValue, nil) }

  /// - Parameter key: the name in the module's state, where it is not the property's in PyTorch's spelling.
  public init(wrappedValue: Wrapped, _ key: String?) {
    self.key = key
    live = wrappedValue.tensor.map { $0.asParameter() }
  }

  /// The live tensor. Assigning replaces its value and keeps the state; see `Parameter`.
  public var wrappedValue: Wrapped {
    get { Wrapped(live, role: "parameter") }
    set { live = live.replaced(by: newValue.tensor) { $0.asParameter() } }
  }

  var kind: Member.Kind { .parameter(live) }
}

/// A tensor of a module that is part of its state and is not trained: running statistics, a mask.
///
///     @Buffer var runningMean = Tensor.zeros([3])
///     @Buffer(persistent: false) var mask = Tensor.ones([3])
///
/// Like a parameter it names one live state.
@propertyWrapper
public struct Buffer<Wrapped: MemberValue>: MemberWrapper {
  private var live: Tensor?
  private let isPersistent: Bool
  let key: String?

  /// A persistent buffer, under the property's name in PyTorch's spelling.
  public init(wrappedValue: Wrapped) { self.init(wrappedValue: wrappedValue, persistent: true) }

  /// - Parameters:
  ///   - persistent: whether the module's state holds it.
  ///   - key: the name in the module's state, where it is not the property's in PyTorch's spelling.
  public init(wrappedValue: Wrapped, persistent: Bool = true, key: String? = nil) {
    isPersistent = persistent
    self.key = key
    live = wrappedValue.tensor.map { $0.asState(requiresGrad: false) }
  }

  /// The live tensor. Assigning replaces its value and keeps the state.
  public var wrappedValue: Wrapped {
    get { Wrapped(live, role: "buffer") }
    set { live = live.replaced(by: newValue.tensor) { $0.asState(requiresGrad: false) } }
  }

  var kind: Member.Kind { .buffer(live, isPersistent: isPersistent) }
}

/// What `@Parameter` and `@Buffer` hold: `Tensor` or `Tensor?`.
public protocol MemberValue {
  /// The tensor, if there is one.
  var tensor: Tensor? { get }
  /// What the property gives back for a live tensor.
  init(_ live: Tensor?, role: String)
}

extension Tensor: MemberValue {
  public var tensor: Tensor? { self }
  public init(_ live: Tensor?, role: String) {
    self = live ?? misuse("\(role): it has no tensor; declare it as Tensor? if it may be missing")
  }
}

extension Optional: MemberValue where Wrapped == Tensor {
  public var tensor: Tensor? { self }
  public init(_ live: Tensor?, role: String) { self = live }
}

/// How `ModuleBase` finds parameters and buffers among the stored properties.
protocol MemberWrapper {
  var kind: Member.Kind { get }
  var key: String? { get }
}

extension Tensor {
  /// A live leaf that requires grad; itself if it already is one.
  fileprivate func asParameter() -> Tensor {
    if state?.requiresGrad == true { return self }
    return asState(requiresGrad: true)
  }
}

extension Tensor? {
  fileprivate func replaced(by new: Tensor?, _ makeLive: (Tensor) -> Tensor) -> Tensor? {
    guard let new else { return nil }
    guard let state = self?.state, new.state == nil else {
      return new.state == nil ? makeLive(new) : new
    }
    state.value = new.current.value
    return self
  }
}
