import CKernels

/// The elements of an array: a block of memory, or a view into another body's block.
///
/// `@unchecked Sendable`: the memory is written only by the operation that creates it, and in place
/// only while a single reference to it exists.
public class Body: @unchecked Sendable {
  /// Where the elements lie, counted from `pointer`.
  public final let layout: Layout
  /// The first element.
  public final let pointer: UnsafeMutableRawPointer
  /// What was asked of the allocator; 0 for a view.
  @usableFromInline final let byteCount: Int
  /// The body whose block a view reads. Never itself a view.
  @usableFromInline final let owner: Body?

  /// A fresh block, uninitialised.
  @inlinable
  public init(layout: Layout, dtype: DType) {
    self.layout = layout
    byteCount = layout.count * dtype.size
    owner = nil
    pointer = kb_alloc(byteCount)
  }

  /// A fresh block, uninitialised; nil when the system has no memory for it.
  @usableFromInline
  init?(largeLayout layout: Layout, dtype: DType) {
    guard let block = kb_try_alloc(layout.count * dtype.size) else { return nil }
    self.layout = layout
    byteCount = layout.count * dtype.size
    owner = nil
    pointer = block
  }

  /// A view into `body`, `offset` bytes after its first element.
  @inlinable
  public init(viewing body: Body, layout: Layout, byteOffset: Int) {
    self.layout = layout
    byteCount = 0
    owner = body.owner ?? body
    pointer = body.pointer + byteOffset
  }

  /// A body without elements of its own: a tracer's, or a poisoned tensor's.
  init(placeholder layout: Layout) {
    self.layout = layout
    byteCount = -1
    owner = nil
    pointer = Self.nowhere
  }

  /// Never read: what stands for the memory of a body that has none.
  private nonisolated(unsafe) static let nowhere: UnsafeMutableRawPointer = kb_alloc(64)

  @inlinable
  deinit {
    if byteCount >= 0 && owner == nil { kb_free(pointer, byteCount) }
  }

  /// The body whose block holds the elements: itself, or the one that it views.
  package final var block: Body { owner ?? self }

  /// Whether this body has its own block of memory, rather than a view's or none.
  @inlinable public final var ownsMemory: Bool { owner == nil && byteCount >= 0 }
}

/// The body of a tensor inside a transform: the transform that made it and what it keeps in place of
/// elements (a batched tensor, a primal with its tangent, the number of a graph's value).
public final class Tracer: Body, @unchecked Sendable {  // immutable
  /// The transform that made it.
  public let interpreter: any Interpreter
  /// What the transform keeps; only it knows the type.
  public let payload: any Sendable

  init(interpreter: any Interpreter, shape: Shape, payload: any Sendable) {
    self.interpreter = interpreter
    self.payload = payload
    super.init(placeholder: Layout(contiguous: shape))
  }
}
