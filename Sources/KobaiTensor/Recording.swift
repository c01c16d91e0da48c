import CKernels

// The nodes of recorded operations. Each is sized by what its derivative reads: at most three values.

/// Nodes are sized by what they keep. The kept values are the concrete part, so that their handling is
/// compiled once; only the call of the rule is generic.
///
/// All of them are `@unchecked Sendable` like `Node`: kept values are read and freed under its lock.
public class Kept1Node: Node, @unchecked Sendable {
  @exclusivity(unchecked) final var a: Value
  @usableFromInline init(
    _ a: Value, level: Int32, depth: Int32, _ p0: Unmanaged<Node>?,
    _ p1: Unmanaged<Node>?
  ) {
    self.a = a
    super.init(level: level, depth: depth, p0, p1)
  }
  final func read(_ walk: Walk) -> Value? { withKept(&a, empty: .nothing, walk) }
  public override final var keptValues: [Value] { lock.withLock { isReleased ? [] : [a] } }
}

/// A node that keeps two values; see `Kept1Node`.
public class Kept2Node: Node, @unchecked Sendable {
  @exclusivity(unchecked) final var kept: (Value, Value)
  @usableFromInline init(
    _ a: Value, _ b: Value, level: Int32, depth: Int32, _ p0: Unmanaged<Node>?,
    _ p1: Unmanaged<Node>?
  ) {
    kept = (a, b)
    super.init(level: level, depth: depth, p0, p1)
  }
  final func read(_ walk: Walk) -> (Value, Value)? {
    withKept(&kept, empty: (.nothing, .nothing), walk)
  }
  public override final var keptValues: [Value] {
    lock.withLock { isReleased ? [] : [kept.0, kept.1] }
  }
}

/// A node that keeps three values; see `Kept1Node`.
public class Kept3Node: Node, @unchecked Sendable {
  @exclusivity(unchecked) final var kept: (Value, Value, Value)
  @usableFromInline
  init(
    _ a: Value, _ b: Value, _ c: Value, level: Int32, depth: Int32, _ p0: Unmanaged<Node>?,
    _ p1: Unmanaged<Node>?
  ) {
    kept = (a, b, c)
    super.init(level: level, depth: depth, p0, p1)
  }
  final func read(_ walk: Walk) -> (Value, Value, Value)? {
    withKept(&kept, empty: (.nothing, .nothing, .nothing), walk)
  }
  public override final var keptValues: [Value] {
    lock.withLock { isReleased ? [] : [kept.0, kept.1, kept.2] }
  }
}

extension Value {
  /// What is left of a kept value once the graph is freed.
  @inline(__always) static var nothing: Value { Value(bits: 0, dtype: .float32) }
}

extension Residuals {
  /// Bit 0: x, bit 1: y, bit 2: the output.
  @inlinable var mask: UInt32 { rawValue & 3 | (rawValue >> 16 & 1) << 2 }
}

// MARK: - One input

/// An operation with one input that keeps no value.
public final class UnaryNode0<P: UnaryPrimitive>: Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(_ primitive: P, level: Int32, depth: Int32, _ parent: Unmanaged<Node>) {
    self.primitive = primitive
    super.init(level: level, depth: depth, parent, nil)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    pullBack(primitive, cotangent, .notKept, .notKept, walk)
  }
  public override var name: String { P.gradientName }
}

/// An operation with one input that keeps it or the output.
public final class UnaryNode1<P: UnaryPrimitive>: Kept1Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(_ primitive: P, level: Int32, depth: Int32, _ parent: Unmanaged<Node>, _ kept: Value) {
    self.primitive = primitive
    super.init(kept, level: level, depth: depth, parent, nil)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let kept = read(walk) else { return }
    let keepsInput = primitive.residuals.mask & 1 != 0
    let tensor =
      walk.createGraph ? Tensor(kept, keepsInput ? ownParent0 : self) : Tensor(kept)
    if keepsInput {
      pullBack(primitive, cotangent, tensor, .notKept, walk)
    } else {
      pullBack(primitive, cotangent, .notKept, tensor, walk)
    }
  }
  public override var name: String { P.gradientName }
}

/// An operation with one input that keeps it and the output.
public final class UnaryNode2<P: UnaryPrimitive>: Kept2Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(
    _ primitive: P, level: Int32, depth: Int32, _ parent: Unmanaged<Node>, _ x: Value, _ y: Value
  ) {
    self.primitive = primitive
    super.init(x, y, level: level, depth: depth, parent, nil)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let (x, y) = read(walk) else { return }
    let graph = walk.createGraph
    pullBack(
      primitive, cotangent, Tensor(x, graph ? ownParent0 : nil), Tensor(y, graph ? self : nil), walk
    )
  }
  public override var name: String { P.gradientName }
}

extension Node {
  final var ownParent0: Node? { parent0?.takeUnretainedValue() }
  final var ownParent1: Node? { parent1?.takeUnretainedValue() }

  @inline(__always)
  fileprivate final func pullBack<P: UnaryPrimitive>(
    _ primitive: P, _ dy: Tensor, _ x: Tensor, _ y: Tensor, _ walk: Walk
  ) {
    guard let parent0, let dx = primitive.pullback(dy, x, y) else { return }
    parent0._withUnsafeGuaranteedRef { walk.add($0, dx, from: self) }
  }
}

// MARK: - Two inputs

/// An operation with two inputs that keeps no value.
public final class BinaryNode0<P: BinaryPrimitive>: Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline init(
    _ primitive: P, level: Int32, depth: Int32, _ x: Unmanaged<Node>?, _ y: Unmanaged<Node>?
  ) {
    self.primitive = primitive
    super.init(level: level, depth: depth, x, y)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    pullBack(primitive, cotangent, .notKept, .notKept, .notKept, walk)
  }
  public override var name: String { P.gradientName }
}

/// An operation with two inputs that keeps one of x, y and the output.
public final class BinaryNode1<P: BinaryPrimitive>: Kept1Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(
    _ primitive: P, level: Int32, depth: Int32, _ x: Unmanaged<Node>?, _ y: Unmanaged<Node>?,
    _ a: Value
  ) {
    self.primitive = primitive
    super.init(a, level: level, depth: depth, x, y)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let a = read(walk) else { return }
    let mask = keptMask(primitive, x: parent0 != nil, y: parent1 != nil)
    pullBack(
      primitive, cotangent, origin(mask & 1, a, ownParent0, walk),
      origin(mask & 2, a, ownParent1, walk), origin(mask & 4, a, self, walk), walk)
  }
  public override var name: String { P.gradientName }
}

/// An operation with two inputs that keeps two of x, y and the output.
public final class BinaryNode2<P: BinaryPrimitive>: Kept2Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(
    _ primitive: P, level: Int32, depth: Int32, _ x: Unmanaged<Node>?, _ y: Unmanaged<Node>?,
    _ a: Value, _ b: Value
  ) {
    self.primitive = primitive
    super.init(a, b, level: level, depth: depth, x, y)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let (a, b) = read(walk) else { return }
    let mask = keptMask(primitive, x: parent0 != nil, y: parent1 != nil)
    pullBack(
      primitive, cotangent, origin(mask & 1, a, ownParent0, walk),
      origin(mask & 2, mask & 1 != 0 ? b : a, ownParent1, walk), origin(mask & 4, b, self, walk),
      walk)
  }
  public override var name: String { P.gradientName }
}

/// An operation with two inputs that keeps x, y and the output.
public final class BinaryNode3<P: BinaryPrimitive>: Kept3Node, @unchecked Sendable {
  let primitive: P
  @usableFromInline
  init(
    _ primitive: P, level: Int32, depth: Int32, _ x: Unmanaged<Node>?, _ y: Unmanaged<Node>?,
    _ a: Value, _ b: Value,
    _ c: Value
  ) {
    self.primitive = primitive
    super.init(a, b, c, level: level, depth: depth, x, y)
  }
  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let (a, b, c) = read(walk) else { return }
    pullBack(
      primitive, cotangent, origin(1, a, ownParent0, walk), origin(1, b, ownParent1, walk),
      origin(1, c, self, walk), walk)
  }
  public override var name: String { P.gradientName }
}

/// What must be kept when x, y or both are tracked; see `Residuals.mask`.
@inlinable
func keptMask<P: BinaryPrimitive>(_ primitive: P, x: Bool, y: Bool) -> UInt32 {
  (x ? primitive.residualsForX.mask : 0) | (y ? primitive.residualsForY.mask : 0)
}

extension Node {
  /// A kept value as a tensor: with its edge when the derivative itself is recorded.
  @inline(__always)
  fileprivate final func origin(_ isKept: UInt32, _ value: Value, _ node: Node?, _ walk: Walk)
    -> Tensor
  {
    if isKept == 0 { return .notKept }
    return walk.createGraph ? Tensor(value, node) : Tensor(value)
  }

  @inline(__always)
  fileprivate final func pullBack<P: BinaryPrimitive>(
    _ primitive: P, _ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor, _ walk: Walk
  ) {
    if let parent0, let dx = primitive.pullbackX(dz, x, y, z) {
      parent0._withUnsafeGuaranteedRef { walk.add($0, dx, from: self) }
    }
    if let parent1, let dy = primitive.pullbackY(dz, x, y, z) {
      parent1._withUnsafeGuaranteedRef { walk.add($0, dy, from: self) }
    }
  }
}

/// An operation with any number of inputs and outputs. With several outputs, each is an `OutputNode`.
final class GeneralNode: Node, @unchecked Sendable {
  let primitive: any Primitive
  /// Owned; handed to `Release` at the end, so that no chain of releases recurses.
  let ownedParents: [Unmanaged<Node>?]
  let types: [TensorType]  // of the outputs, for cotangents that stay zero
  @exclusivity(unchecked) var kept: (inputs: [Value?], outputs: [Value?])

  init(
    _ primitive: any Primitive, _ parents: [Node?], inputs: [Value], outputs: [Value]
  ) {
    self.primitive = primitive
    ownedParents = parents.map { $0.map(Unmanaged.passRetained) }
    types = outputs.map { TensorType($0.dtype, $0.shape) }
    let residuals = primitive.residuals
    kept = (
      inputs.enumerated().map { residuals.contains(.input($0)) ? $1 : nil },
      outputs.enumerated().map { residuals.contains(.output($0)) ? $1 : nil }
    )
    var (level, depth): (Int32, Int32) = (0, 0)
    for parent in parents.lazy.compactMap({ $0 }) {
      (level, depth) = (max(level, parent.level), max(depth, parent.depth))
    }
    super.init(level: level, depth: depth + 1)
  }

  deinit {
    for parent in ownedParents { Release.later(parent, nil) }
  }

  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    propagate([cotangent], walk)
  }

  override func propagateOutputs(_ walk: Walk) { propagate(walk.takeOutputs(of: self), walk) }

  private func propagate(_ cotangents: [Tensor?], _ walk: Walk) {
    guard cotangents.contains(where: { $0 != nil }) else { return }
    let empty: (inputs: [Value?], outputs: [Value?])? =
      kept.inputs.contains { $0 != nil } || kept.outputs.contains { $0 != nil } ? ([], []) : nil
    guard let values = withKept(&kept, empty: empty, walk) else { return }
    let parentNodes = parents
    let inputs = values.inputs.enumerated().map { i, value in
      value.map { Tensor($0, walk.createGraph ? parentNodes[i] : nil) }
    }
    let outputs = values.outputs.enumerated().map { i, value in
      value.map { Tensor($0, walk.createGraph ? edge(to: i) : nil) }
    }
    let results = primitive.pullback(
      cotangents,
      Kept(
        name: type(of: primitive).name, inputs: inputs, outputs: outputs,
        isNeeded: parentNodes.map { $0 != nil }))
    for (parent, result) in zip(parentNodes, results) {
      if let parent, let result { walk.add(parent, result, from: self) }
    }
  }

  /// The node that stands for output `i`. Made anew each time: it holds this node, not the reverse.
  func edge(to i: Int) -> Node { types.count == 1 ? self : OutputNode(self, i) }

  override var name: String { type(of: primitive).gradientName }
  override var parents: [Node?] { ownedParents.map { $0?.takeUnretainedValue() } }
  override var keptValues: [Value] {
    lock.withLock { (kept.inputs + kept.outputs).compactMap { $0 } }
  }
}

/// One of several outputs of a `GeneralNode`.
final class OutputNode: Node, @unchecked Sendable {
  let index: Int

  init(_ node: GeneralNode, _ index: Int) {
    self.index = index
    super.init(level: node.level, depth: node.depth + 1, Unmanaged.passRetained(node), nil)
  }

  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    guard let node = parent0?.takeUnretainedValue() else { return }
    walk.add(unsafeDowncast(node, to: GeneralNode.self), output: index, cotangent)
  }

  override var origin: (node: Node, output: Int) { (parent0?.takeUnretainedValue() ?? self, index) }

  /// Named and linked like the operation itself.
  override var name: String { parent0?.takeUnretainedValue().name ?? "" }
  override var parents: [Node?] { parent0?.takeUnretainedValue().parents ?? [] }
}
