import CKernels
import Synchronization

/// An operation that was recorded, or a leaf: a vertex of the graph that the backward walk follows.
///
/// `@unchecked Sendable`: immutable but for the kept values, which `lock` guards, and the walk's
/// scratch, which only the walk that holds `Walk.scratchOwner` touches.
public class Node: @unchecked Sendable {
  /// 1 + the largest depth of its parents; the walk visits deeper nodes first.
  public final let depth: Int32
  /// How many transforms were active where this was recorded: a tensor tracked outside of a transform
  /// keeps its edge below the transform's tracers.
  public final let level: Int32
  /// Where it was recorded.
  public final let scope: Scope
  @usableFromInline final let parent0: Unmanaged<Node>?
  @usableFromInline final let parent1: Unmanaged<Node>?
  @usableFromInline final let lock = SpinLock()
  /// Guarded by `lock`.
  @usableFromInline @exclusivity(unchecked) final var isReleased = false
  @exclusivity(unchecked) final var slot: Int32 = -1
  /// Guarded by `lock`.
  @exclusivity(unchecked) final var extras: NodeExtras?

  /// The new node takes over the references to its parents, which were retained for it.
  @inlinable
  init(
    level: Int32, depth: Int32, _ parent0: Unmanaged<Node>? = nil,
    _ parent1: Unmanaged<Node>? = nil
  ) {
    self.level = level
    self.depth = depth
    scope = .current
    self.parent0 = parent0
    self.parent1 = parent1
  }

  deinit {
    if parent0 != nil || parent1 != nil { Release.later(parent0, parent1) }
  }

  /// Hands the cotangent of the output on to the parents. The base class is never walked.
  @usableFromInline func propagate(_ cotangent: Tensor, _ walk: Walk) {}

  /// The same for several outputs, whose cotangents the walk keeps.
  @usableFromInline func propagateOutputs(_ walk: Walk) {}

  /// `MulBackward0`, `AccumulateGrad` …
  public var name: String { "Node" }

  /// The nodes of the inputs; nil for an input that does not require grad.
  public var parents: [Node?] {
    [parent0?.takeUnretainedValue(), parent1?.takeUnretainedValue()].filter { $0 != nil }
  }

  /// The recorded operation and which of its outputs this stands for. An operation with several outputs
  /// has a node for each tensor that names one of them; what belongs to an output is found through this.
  public var origin: (node: Node, output: Int) { (self, 0) }

  /// Whether `backward` has gone through and dropped the kept values.
  package final var hasBeenFreed: Bool { lock.withLock { isReleased } }

  /// The values kept for the derivative, for tests and drawings.
  public var keptValues: [Value] { [] }

  /// Takes the right to read the kept values, and their end unless the graph is retained.
  /// Returns nil, after the misuse, when they are gone.
  @inline(__always)
  final func withKept<K>(_ kept: inout K, empty: K?, _ walk: Walk) -> K? {
    lock.lock()
    if isReleased {
      lock.unlock()
      return misuse(Walk.secondBackward, else: nil)
    }
    guard !walk.retainGraph, var read = empty else {
      let read = kept
      lock.unlock()
      return read
    }
    swap(&read, &kept)
    isReleased = true
    lock.unlock()
    return read
  }
}

/// What few nodes have: hooks, a retained gradient.
final class NodeExtras {
  var hooks: [(id: Int, hook: (Tensor) -> Tensor?)] = []
  var nextHook = 0
  var retainsGrad = false
  var grad: Tensor?
  /// On a node with several outputs: what each of them has. The rest then is not used.
  var outputs: [NodeExtras?]?
}

/// Releases nodes without recursion: a chain of a million parents would overflow the stack if each
/// released the next from its own deinit.
enum Release {
  static func later(_ a: Unmanaged<Node>?, _ b: Unmanaged<Node>?) {
    if let a { kb_pending_push(a.toOpaque()) }
    if let b { kb_pending_push(b.toOpaque()) }
    guard kb_pending_begin() != 0 else { return }
    while let next = kb_pending_pop() { Unmanaged<Node>.fromOpaque(next).release() }
    kb_pending_end()
  }
}

/// A lock of one byte for critical sections of a few instructions.
public struct SpinLock: ~Copyable, Sendable {
  @usableFromInline let isLocked = Atomic<Bool>(false)
  @inlinable init() {}

  @inlinable
  func lock() {
    while isLocked.exchange(true, ordering: .acquiring) { wait() }
  }

  /// An update holds the lock of a state for as long as its kernel runs: after a short spin the processor is
  /// left to others, perhaps to the holder.
  @usableFromInline @inline(never)
  func wait() {
    var spins = 0
    while isLocked.load(ordering: .relaxed) {
      spins += 1
      if spins > 200 { kb_yield() }
    }
  }

  @inlinable
  func unlock() {
    // The compiler moves a retain of what was read under the lock down past an atomic store, which
    // releases nothing by itself: another thread then frees the object in between. A call that it
    // cannot look into stops that.
    kb_opaque()
    isLocked.store(false, ordering: .releasing)
  }

  @inlinable
  func withLock<R>(_ body: () throws -> R) rethrows -> R {
    lock()
    defer { unlock() }
    return try body()
  }
}
