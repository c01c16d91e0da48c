import CKernels

/// What a tensor is, apart from how it came about: elements, dtype and marks. 24 bytes; a rank-0 element
/// lies inline, without any allocation.
///
/// `@unchecked Sendable`: immutable but for writes to an element block that nothing else can see.
public struct Value: @unchecked Sendable {
  /// The elements; nil for a rank-0 value, which lies in `bits`.
  public var body: Body?
  /// The element of a rank-0 value (any dtype but complex128, which is too wide and has a body).
  public var bits: UInt64
  /// The dtype and the marks.
  public var meta: Meta

  /// A value of these parts.
  @inlinable
  public init(body: Body?, bits: UInt64 = 0, meta: Meta) {
    self.body = body
    self.bits = bits
    self.meta = meta
  }

  /// Plain elements.
  @inlinable
  public init(body: Body, dtype: DType) { self.init(body: body, meta: Meta(dtype)) }

  /// A plain rank-0 element.
  @inlinable
  public init(bits: UInt64, dtype: DType) { self.init(body: nil, bits: bits, meta: Meta(dtype)) }

  /// The dtype and the marks of a value in one word: a plain value has nothing but the dtype.
  public struct Meta: Hashable, Sendable {
    /// The dtype's code in the lowest byte, the marks above.
    public var rawValue: UInt64
    @inlinable init(rawValue: UInt64) { self.rawValue = rawValue }
    /// No marks.
    @inlinable public init(_ dtype: DType) { rawValue = UInt64(dtype.code) }

    /// The body is a `Tracer`.
    public static let tracer: UInt64 = 1 << 8
    /// Names a `State`, whose value counts instead of this one.
    public static let live: UInt64 = 1 << 9
    /// The result of a misuse inside `recovering { }`.
    public static let poison: UInt64 = 1 << 10
    /// A Swift number: it adopts the dtype of what it meets.
    public static let weak: UInt64 = 1 << 11

    /// The element type.
    @inlinable public var dtype: DType { DType(code: UInt8(truncatingIfNeeded: rawValue)) }
    /// No marks: elements in host memory, ready for a kernel.
    @inlinable public var isPlain: Bool { rawValue < 256 }
    /// Whether it has one of these marks.
    @inlinable public func has(_ mark: UInt64) -> Bool { rawValue & mark != 0 }
    /// With these marks too.
    @inlinable public func with(_ mark: UInt64) -> Meta { Meta(rawValue: rawValue | mark) }
  }
}

extension Value {
  /// The element type.
  @inlinable public var dtype: DType { meta.dtype }
  /// Where the elements lie.
  @inlinable public var layout: Layout { body?.layout ?? .scalar }
  /// The sizes of the dimensions.
  @inlinable public var shape: Shape { layout.shape }
  /// The number of elements.
  @inlinable public var count: Int { body?.layout.count ?? 1 }
  /// Whether the elements lie row after row without gaps.
  @inlinable public var isContiguous: Bool { body?.layout.isContiguous ?? true }
  /// Dtype and shape.
  @inlinable public var type: TensorType { TensorType(dtype, shape) }
  /// What stands for the elements inside a transform.
  public var tracer: Tracer? { meta.has(Meta.tracer) ? body as? Tracer : nil }

  /// What a misuse leaves behind.
  public static let poison = Value(
    body: nil, bits: 0, meta: Meta(.float32).with(Meta.poison))

  /// A fresh contiguous value whose elements `fill` writes. Rank 0 lies inline.
  @inlinable
  public static func make(
    _ dtype: DType, _ layout: Layout, _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> Value {
    if layout.rank == 0 && dtype != .complex128 {
      var bits: UInt64 = 0
      withUnsafeMutablePointer(to: &bits) { fill(UnsafeMutableRawPointer($0)) }
      return Value(bits: bits, dtype: dtype)
    }
    if layout.count >= largeCount { return makeLarge(dtype, layout, fill) }
    let body = Body(layout: layout.contiguous, dtype: dtype)
    fill(body.pointer)
    return Value(body: body, dtype: dtype)
  }

  /// From so many elements on the system is asked whether it has the memory.
  @inlinable static var largeCount: Int { 1 << 26 }

  /// More elements than this are a mistake rather than a lack of memory: 2⁴³ bytes and more.
  @inlinable static var largestCount: Int { 1 << 43 }

  @usableFromInline @inline(never)
  static func makeLarge(
    _ dtype: DType, _ layout: Layout, _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> Value {
    guard layout.count <= largestCount else {
      return misuse(
        "a tensor of \(dtype)\(layout.shape) has more elements than memory can hold: the product of "
          + "its sizes must be at most \(largestCount); use smaller sizes", else: .poison)
    }
    guard let body = Body(largeLayout: layout.contiguous, dtype: dtype) else {
      return misuse(
        "a tensor of \(dtype)\(layout.shape) needs \(layout.count * dtype.size) bytes, but the system "
          + "has no memory for it (\(Memory.current) bytes are in use); free tensors or use smaller "
          + "sizes", else: .poison)
    }
    fill(body.pointer)
    return Value(body: body, dtype: dtype)
  }

  /// A new row-major value of this shape, its elements written by `fill`.
  @inlinable
  public static func make(
    _ dtype: DType, _ shape: Shape, _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> Value {
    make(dtype, shape.isEmpty ? .scalar : Layout(contiguous: shape), fill)
  }

  /// The same elements under another layout, `offset` elements after the first. No copy.
  public func view(_ layout: Layout, offset: Int = 0) -> Value {
    if let body {
      if layout.rank == 0 && dtype != .complex128 {
        var bits: UInt64 = 0
        withUnsafeMutableBytes(of: &bits) {
          $0.copyMemory(
            from: UnsafeRawBufferPointer(
              start: body.pointer + offset * dtype.size, count: dtype.size))
        }
        return Value(bits: bits, dtype: dtype)
      }
      return Value(
        body: Body(viewing: body, layout: layout, byteOffset: offset * dtype.size), dtype: dtype)
    }
    if layout.rank == 0 || meta.has(Meta.poison) { return self }
    // A rank-0 element that gets dimensions moves into memory.
    let block = Body(layout: Layout(contiguous: [1]), dtype: dtype)
    withUnsafeBytes(of: bits) {
      UnsafeMutableRawBufferPointer(start: block.pointer, count: dtype.size)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(dtype.size)))
    }
    return Value(body: Body(viewing: block, layout: layout, byteOffset: 0), dtype: dtype)
  }

  /// Calls `body` with the first element and the strides in elements; strides are nil when contiguous.
  @inlinable
  public func withElements<R>(
    _ body: (UnsafeRawPointer, UnsafePointer<Int>?) throws -> R
  ) rethrows -> R {
    if let array = self.body {
      if array.layout.isContiguous {
        return try withExtendedLifetime(array) { try body(UnsafeRawPointer(array.pointer), nil) }
      }
      return try array.layout.strides.withUnsafeBufferPointer { strides in
        try withExtendedLifetime(array) {
          try body(UnsafeRawPointer(array.pointer), strides.baseAddress)
        }
      }
    }
    return try withUnsafePointer(to: bits) { try body(UnsafeRawPointer($0), nil) }
  }

  /// The same elements, row-major without gaps; a copy unless they already are.
  public var contiguous: Value {
    guard let body, !body.layout.isContiguous else { return self }
    return withElements { source, strides in
      Value.make(dtype, body.layout.contiguous) { out in
        kb_copy(dtype.size, body.layout.rank, body.layout.shape, source, strides, out, nil)
      }
    }
  }
}

/// A dtype with a shape: all that shape rules and graphs know of a value.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  /// The element type.
  public var dtype: DType
  /// The sizes of the dimensions.
  public var shape: Shape
  /// A type of its parts: `TensorType(.float32, [2, 3])`.
  @inlinable public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }
  public var description: String { "\(dtype)\(shape)" }
}
