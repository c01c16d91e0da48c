import KobaiTensor

/// Tensors under names, in order: what a module's state is, and what checkpoints hold.
///
///     let state = net.stateDict()
///     state.keys                    // ["fc1.weight", "fc1.bias", …], as in PyTorch
///     state["fc1.bias"]?.shape      // Optional([100])
public struct StateDict: Sendable, ExpressibleByDictionaryLiteral {
  /// The names, in the order in which they were added.
  public private(set) var keys: [String] = []
  private var tensors: [String: Tensor] = [:]

  /// Without tensors.
  public init() {}

  /// - Parameter elements: the last of several with the same name counts.
  public init(_ elements: some Sequence<(String, Tensor)>) {
    for (key, tensor) in elements { self[key] = tensor }
  }

  public init(dictionaryLiteral elements: (String, Tensor)...) { self.init(elements) }

  /// The tensor of a name. Assigning nil removes it, a new name goes to the end.
  public subscript(key: String) -> Tensor? {
    get { tensors[key] }
    set {
      if newValue == nil { keys.removeAll { $0 == key } }
      if tensors.updateValue(or: newValue, forKey: key) { keys.append(key) }
    }
  }

  /// Whether there are no tensors.
  public var isEmpty: Bool { keys.isEmpty }
  /// The tensors in the order of `keys`.
  public var values: [Tensor] { keys.compactMap { tensors[$0] } }

  /// The tensors whose names begin with `prefix` and a dot, under what follows.
  ///
  ///     net.stateDict().below("fc1").keys   // ["weight", "bias"]
  public func below(_ prefix: String) -> StateDict {
    StateDict(
      lazy.filter { $0.key.hasPrefix(prefix + ".") }
        .map { (String($0.key.dropFirst(prefix.count + 1)), $0.value) })
  }
}

extension StateDict: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { keys.count }
  /// The name and the tensor at a place of that order.
  public subscript(position: Int) -> (key: String, value: Tensor) {
    let key = keys[position]
    return (key, tensors[key] ?? .poison)
  }
}

extension StateDict: CustomStringConvertible {
  public var description: String {
    map { "\($0.key): \($0.value.dtype)\($0.value.shape)" }.joined(separator: "\n")
  }
}

extension Dictionary {
  /// Sets or removes; tells whether the key is new.
  fileprivate mutating func updateValue(or value: Value?, forKey key: Key) -> Bool {
    guard let value else {
      removeValue(forKey: key)
      return false
    }
    return updateValue(value, forKey: key) == nil
  }
}
