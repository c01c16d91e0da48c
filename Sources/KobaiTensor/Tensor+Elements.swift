import CKernels

// From Swift values to tensors, and back.

extension Tensor {
  /// A tensor of the numbers in `data`: a number, an array, or arrays of arrays with rows of one length.
  ///
  ///     Tensor([[1, 2], [3, 4]])                    // tensor([[1, 2], [3, 4]])
  ///     Tensor([0.5, 1], dtype: .float64)           // tensor([0.5000, 1.0000], dtype=float64)
  ///     Tensor(2.0, requiresGrad: true)             // tensor(2., requires_grad=True)
  ///
  /// - Parameters:
  ///   - dtype: int64 for integers, the default dtype for `Double` unless stated.
  ///   - requiresGrad: makes a leaf whose gradient `backward` accumulates; floating and complex only.
  public init<Data: TensorData>(
    _ data: Data, dtype: DType? = nil, requiresGrad: Bool = false
  ) {
    guard let shape = data.nestedShape else {
      self = misuse(
        "Tensor: expected sequences of one length at each level of nesting, but rows differ; pad them"
      )
      return
    }
    var bytes: [UInt8] = []
    let count = shape.reduce(1, *)
    bytes.reserveCapacity(count * Data.elementType.size)
    data.writeElements(&bytes)
    // Empty levels end the nesting: [[], []] has shape [2, 0] and no element.
    let value = bytes.withUnsafeBytes { source in
      Value.make(Data.elementType, shape) { out in
        out.copyMemory(from: source.baseAddress ?? UnsafeRawPointer(out), byteCount: source.count)
      }
    }
    self.init(value.cast(to: dtype ?? Data.nestedDType))
    if requiresGrad { self.requiresGrad = true }
  }

  /// A tensor of the elements in `elements`, row after row, with the given shape.
  ///
  ///     Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])   // tensor([[1, 2, 3], [4, 5, 6]])
  ///
  /// - Parameters:
  ///   - shape: its sizes multiply to the number of elements.
  ///   - dtype: int64 for integers, the default dtype for `Double` unless stated.
  ///   - requiresGrad: makes a leaf whose gradient `backward` accumulates; floating and complex only.
  public init<S: TensorScalar>(
    _ elements: [S], shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) {
    guard shape.allSatisfy({ $0 >= 0 }), shape.elementCount == elements.count else {
      self = misuse(
        "Tensor: shape \(shape) needs \(shape.elementCount) elements, but \(elements.count) were given"
      )
      return
    }
    let value = elements.withUnsafeBytes { source in
      Value.make(S.elementType, shape) { out in
        out.copyMemory(from: source.baseAddress ?? UnsafeRawPointer(out), byteCount: source.count)
      }
    }
    self.init(value.cast(to: dtype ?? S.nestedDType))
    if requiresGrad { self.requiresGrad = true }
  }

  /// A tensor whose elements are the bytes in `bytes`, in this machine's byte order.
  public init(bytes: UnsafeRawBufferPointer, dtype: DType, shape: Shape) {
    let needed = shape.elementCount.multipliedSaturating(by: dtype.size)
    guard shape.allSatisfy({ $0 >= 0 }), needed == bytes.count else {
      self = misuse(
        "Tensor: shape \(shape) of \(dtype) needs \(needed) bytes, but \(bytes.count) were given")
      return
    }
    self.init(
      Value.make(dtype, shape) { out in
        out.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(out), byteCount: bytes.count)
      })
  }

  /// A tensor whose elements are the bytes in `bytes`, in this machine's byte order.
  public init(bytes: [UInt8], dtype: DType, shape: Shape) {
    self = bytes.withUnsafeBytes { Tensor(bytes: $0, dtype: dtype, shape: shape) }
  }

  /// A tensor of shape `[span.count]` with the span's elements.
  public init<S: TensorScalar & BitwiseCopyable>(_ span: Span<S>, dtype: DType? = nil) {
    let value = span.withUnsafeBytes { source in
      Value.make(S.elementType, [span.count]) { out in
        out.copyMemory(from: source.baseAddress ?? UnsafeRawPointer(out), byteCount: source.count)
      }
    }
    self.init(value.cast(to: dtype ?? S.elementType))
  }

  /// The elements, row after row, converted to `type`.
  ///
  ///     Tensor([[1, 2], [3, 4]]).array(as: Float.self)   // [1.0, 2.0, 3.0, 4.0]
  public func array<S: TensorScalar>(as type: S.Type = S.self) -> [S] {
    guard let value = hostValue("array") else { return [] }
    let converted = value.cast(to: S.elementType).contiguous
    // With no elements this initialiser writes the count, 0, into the empty array that all threads
    // share: a data race inside of the standard library.
    guard converted.count > 0 else { return [] }
    return converted.withElements { pointer, _ in
      Array(unsafeUninitializedCapacity: converted.count) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(
            start: pointer, count: converted.count * S.elementType.size))
        count = converted.count
      }
    }
  }

  /// Calls `body` with the elements, row after row, in place when they are contiguous.
  /// `type` must be the Swift type of the tensor's dtype.
  public func withSpan<S: TensorScalar & BitwiseCopyable, R>(
    as type: S.Type, _ body: (Span<S>) throws -> R
  ) rethrows -> R {
    let value = hostValue("withSpan") ?? Value(bits: 0, dtype: S.elementType)
    guard value.dtype == S.elementType else {
      misuse(
        "withSpan: the tensor has dtype \(value.dtype), whose elements are not \(S.self); "
          + "convert with .to(.\(S.elementType))", else: ())
      return try body(Span<S>())
    }
    let dense = value.contiguous
    return try dense.withElements { pointer, _ in
      try body(
        Span(_unsafeStart: pointer.assumingMemoryBound(to: S.self), count: dense.count))
    }
  }

  /// The elements' bytes, row after row, in this machine's byte order.
  public var bytes: [UInt8] {
    guard let value = hostValue("bytes")?.contiguous else { return [] }
    return value.withElements { pointer, _ in
      Array(UnsafeRawBufferPointer(start: pointer, count: value.count * value.dtype.size))
    }
  }

  /// The only element, converted to `type`.
  ///
  ///     Tensor([[2.5]]).item(as: Double.self)   // 2.5
  public func item<S: TensorScalar>(as type: S.Type) -> S {
    guard let value = hostValue("item") else { return S.missing }
    guard value.count == 1 else {
      return misuse(
        "item: a Tensor with \(value.count) elements cannot be converted to Scalar; "
          + "its shape is \(value.shape), use array(as:)", else: S.missing)
    }
    let converted = value.cast(to: S.elementType)
    return converted.withElements { pointer, _ in pointer.loadUnaligned(as: S.self) }
  }

  /// The only element as a `Double` (an integer's nearest, a complex number's real part).
  public func item() -> Double { item(as: Double.self) }

  /// The elements, if they can be read: not while they are traced, nor after a misuse.
  public func hostValue(_ operation: String) -> Value? {
    let now = current
    let value = now.value
    if value.meta.isPlain { return value }
    if let tracer = value.tracer {
      if tracer.interpreter.isActive, let lower = tracer.interpreter.host(now) {
        return lower.hostValue(operation)
      }
      return misuse(
        "\(operation): the elements of a tensor inside \(tracer.interpreter.name) are not known; "
          + "compute with tensor operations (where instead of if), or read the result outside",
        else: nil)
    }
    return misuse(now.poisonMessage(operation), else: nil)
  }
}
