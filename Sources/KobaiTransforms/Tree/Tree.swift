import KobaiTensor

/// A structure of tensors: what transforms take as arguments and give as results.
///
/// Tensors, arrays, dictionaries, optionals and Swift's scalars are trees; a struct becomes one by naming
/// the protocol:
///
///     struct Parameters: Tree {
///       var weight: Tensor
///       var bias: Tensor
///       var layers: [Int]        // a scalar is part of the structure, not differentiated
///     }
///     let gradient: Parameters = grad(loss)(parameters, x, y)
///
/// The compiler writes `Codable`, through which the tensors are found and put back; `flatten` and `rebuilt`
/// can be written by hand where that is too slow (a few microseconds for a small struct).
/// Tuples are arguments and results of transforms without being trees themselves.
public protocol Tree: Codable, SendableMetatype {
  /// Appends the tensors, in an order that depends on the structure alone, and what else there is.
  func flatten(into flat: inout FlatTree)
  /// The same structure with the next tensors of `leaves` in place of its own, in the same order.
  func rebuilt(from leaves: inout Leaves) -> Self
}

extension Tree {
  /// The tensors, in order.
  ///
  ///     ["b": Tensor(2.0), "a": Tensor(1.0)].tensors   // [tensor(1.), tensor(2.)]: by sorted keys
  public var tensors: [Tensor] {
    var flat = FlatTree()
    flatten(into: &flat)
    return flat.tensors
  }

  /// The same structure with other tensors, in the same order.
  ///
  /// - Precondition: as many tensors as the tree has.
  public func replacingTensors(_ tensors: [Tensor]) -> Self {
    var leaves = Leaves(tensors)
    let result = rebuilt(from: &leaves)
    leaves.finish()
    return result
  }

  /// The tree of the results of `body` on each tensor.
  ///
  ///     [Tensor(1.0), Tensor(2.0)].mapTensors { $0 * 2 }   // [tensor(2.), tensor(4.)]
  public func mapTensors(_ body: (Tensor) throws -> Tensor) rethrows -> Self {
    replacingTensors(try tensors.map(body))
  }

  /// The tree of the results of `body` on each pair of tensors of two trees of one structure.
  public func mapTensors(
    _ other: Self, _ body: (Tensor, Tensor) throws -> Tensor
  ) rethrows -> Self {
    let (a, b) = (tensors, other.tensors)
    guard a.count == b.count else {
      return misuse(
        "mapTensors: the trees have \(a.count) and \(b.count) tensors; their structures must be equal",
        else: self)
    }
    return replacingTensors(try zip(a, b).map(body))
  }
}

/// A tree taken apart: its tensors, and the rest of its structure as something to compare.
public struct FlatTree {
  /// The tensors, in order.
  public private(set) var tensors: [Tensor] = []
  /// Counts, keys and scalars, in order: two trees with equal ones have the same structure.
  public private(set) var structure: [AnyHashable] = []

  /// Nothing yet; `Tree.flatten(into:)` appends.
  public init() {}

  /// The next tensor.
  public mutating func append(_ tensor: Tensor) { tensors.append(tensor) }
  /// Something that is not a tensor: a scalar, a count, a key.
  public mutating func append(structure part: some Hashable) { structure.append(AnyHashable(part)) }
}

/// Tensors to put into a tree, in order.
public struct Leaves {
  let tensors: [Tensor]
  private(set) var next = 0

  /// These, from the first on.
  public init(_ tensors: [Tensor]) { self.tensors = tensors }

  /// The next one; a misuse if none is left.
  public mutating func take() -> Tensor {
    defer { next += 1 }
    guard next < tensors.count else {
      return misuse(
        "Tree: a structure has more tensors than the \(tensors.count) that were given for it")
    }
    return tensors[next]
  }

  /// All must have been taken.
  func finish() {
    if next != tensors.count {
      misuse(
        "Tree: \(tensors.count) tensors were given for a structure with \(next)", else: ())
    }
  }
}
