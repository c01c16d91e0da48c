import KobaiTensor

/// Something directly below a module, under its name in the state.
public struct Member {
  /// PyTorch's name: `weight`, `running_mean`, `layers.0`.
  public let name: String
  /// What it is, and the live tensor or the module itself.
  public let kind: Kind

  /// What a member is.
  public enum Kind {
    /// A live tensor that is trained; nil where the module was made without it (`bias: false`).
    case parameter(Tensor?)
    /// A live tensor that is not trained; `isPersistent` tells whether the state holds it.
    case buffer(Tensor?, isPersistent: Bool)
    /// A part, whose own members stand below this name.
    case module(ModuleBase)
  }

  /// - Parameters:
  ///   - name: PyTorch's name, as the state has it.
  ///   - kind: what it is.
  public init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }
}

extension ModuleBase {
  /// The members among the stored properties, in the order of their declaration.
  final func reflectedMembers() -> [Member] {
    var levels: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let level = mirror, level.subjectType != ModuleBase.self {
      levels.append(level)
      mirror = level.superclassMirror
    }
    var members: [Member] = []
    for level in levels.reversed() {
      for child in level.children {
        guard let label = child.label else { continue }
        if let wrapper = child.value as? any MemberWrapper {
          // The storage of `@Parameter var weight` is called `_weight`.
          members.append(Member(wrapper.key ?? key(for: String(label.dropFirst())), wrapper.kind))
        } else {
          collect(child.value, named: key(for: label.propertyName), into: &members)
        }
      }
    }
    return members
  }

  private func collect(_ value: Any, named name: String, into members: inout [Member]) {
    switch value {
    case let module as ModuleBase: members.append(Member(name, .module(module)))
    case let modules as [ModuleBase]:
      for (i, module) in modules.enumerated() {
        members.append(Member("\(name).\(i)", .module(module)))
      }
    case let modules as [String: ModuleBase]:
      for (key, module) in modules.sorted(by: { $0.key < $1.key }) {
        members.append(Member("\(name).\(key)", .module(module)))
      }
    case let wrappers as [any MemberWrapper]:
      for (i, wrapper) in wrappers.enumerated() {
        members.append(Member("\(name).\(i)", wrapper.kind))
      }
    default:
      // Arrays of arrays, tuples of modules, optionals: one level at a time.
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional:
        if let child = mirror.children.first { collect(child.value, named: name, into: &members) }
      case .tuple:
        for (i, child) in mirror.children.enumerated() {
          let part = child.label.flatMap { $0.hasPrefix(".") ? nil : key(for: $0) } ?? "\(i)"
          collect(child.value, named: "\(name).\(part)", into: &members)
        }
      case .collection where value is [[ModuleBase]] || value is [ModuleBase?]:
        for (i, child) in mirror.children.enumerated() {
          collect(child.value, named: "\(name).\(i)", into: &members)
        }
      default: break
      }
    }
  }
}

extension String {
  /// The property that a reflected label stands for: a lazy one has a prefix.
  fileprivate var propertyName: String {
    let prefix = "$__lazy_storage_$_"
    return hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }

  /// `runningMean` → `running_mean`, `fc1` → `fc1`, `useKLLoss` → `use_kl_loss`.
  var snakeCased: String {
    var result = ""
    let letters = Array(self)
    for (i, letter) in letters.enumerated() {
      guard letter.isUppercase else {
        result.append(letter)
        continue
      }
      let endsWord = i > 0 && letters[i - 1] != "_" && !letters[i - 1].isUppercase
      let beginsWord =
        i > 0 && letters[i - 1].isUppercase && i + 1 < letters.count && letters[i + 1].isLowercase
      if endsWord || beginsWord { result.append("_") }
      result.append(contentsOf: letter.lowercased())
    }
    return result
  }
}
