import CKernels
import KobaiTensor

// In-place operations: a variable takes the result of an operation on itself, under PyTorch's rules.
//
// Tensors are values, so "in place" is what the variable sees: other copies keep the old elements. Where
// nothing else refers to the elements, they are overwritten and no memory is taken.

extension Tensor {
  /// Replaces this tensor by the result of `body` on it.
  ///
  ///     var x = Tensor([1.0, 4.0])
  ///     x.update("half_") { $0 / 2 }   // x is now tensor([0.5000, 2.0000])
  ///
  /// The result must have this tensor's shape and no higher dtype category; it is converted to this
  /// tensor's dtype. A leaf that requires grad is refused unless inside `noGrad { }`, where its state's
  /// value is replaced, for all names of the state. The result of a recorded operation is recorded.
  ///
  /// - Parameter name: of the operation, for errors: `add_`.
  public mutating func update(_ name: String, by body: (Tensor) -> Tensor) {
    assign(name, keepingCategory: true, body)
  }

  /// `update` without the rule on dtype categories: for what converts by definition (`copy_`, `fill_`).
  mutating func overwrite(_ name: String, by body: (Tensor) -> Tensor) {
    assign(name, keepingCategory: false, body)
  }

  private mutating func assign(
    _ name: String, keepingCategory: Bool, _ body: (Tensor) -> Tensor
  ) {
    if let state, state.requiresGrad && isGradEnabled {
      return misuse(
        "\(name): a leaf Variable that requires grad is being used in an in-place operation. Wrap the "
          + "update in noGrad { }, or assign to the variable itself", else: ())
    }
    let old = current
    var result = body(old)
    if result.isPoisoned {
      if state == nil { self = result }
      return
    }
    let (source, target) = (result.dtype, old.dtype)
    let (shape, expected) = (result.shape, old.shape)
    guard shape == expected else {
      return misuse(
        "\(name): output with shape \(expected) doesn't match the broadcast shape \(shape); an in-place "
          + "operation cannot change the shape, assign to the variable itself", else: ())
    }
    if source != target {
      guard !keepingCategory || source.canCast(to: target) else {
        return misuse(
          "\(name): result type \(source.torchName) can't be cast to the desired output type "
            + "\(target.torchName) (\(source) to \(target)); assign to the variable itself, or convert "
            + "it first", else: ())
      }
      result = result.to(target)
    }
    if let state {
      state.replace(result, operation: name)
    } else {
      self = result
    }
  }
}

// MARK: - Elementwise operations on the elements themselves

extension Tensor {
  /// `update` by a unary elementwise primitive: on the elements themselves where nothing else sees them.
  @inlinable
  mutating func update<P: UnaryElementwise>(
    _ name: String, _ primitive: P, by body: (Tensor) -> Tensor
  ) {
    if case .instruction(let opcode) = primitive.program, applyInPlace(opcode) { return }
    update(name, by: body)
  }

  /// `update` by a binary elementwise primitive: on the elements themselves where nothing else sees them.
  @inlinable
  mutating func update<P: BinaryElementwise>(
    _ name: String, _ primitive: P, _ y: Tensor, by body: (Tensor) -> Tensor
  ) {
    if case .instruction(let opcode) = primitive.program,
      applyInPlace(opcode, y, P.promotion, P.staticName)
    {
      return
    }
    update(name, by: body)
  }

  /// The elements, if a write to them is seen through this variable alone: an untracked contiguous array
  /// with its own memory and a single reference, and no transform that must see the operation.
  private mutating func exclusiveBody() -> Body? {
    let quiet = UInt32(KB_CONTEXT_NO_GRAD | KB_CONTEXT_RECOVERING)
    guard node == nil, value.meta.isPlain, kb_context_flags() & ~quiet == 0,
      isKnownUniquelyReferenced(&value.body), let body = value.body, body.ownsMemory,
      body.layout.isContiguous
    else { return nil }
    return body
  }

  @usableFromInline
  mutating func applyInPlace(_ opcode: Opcode) -> Bool {
    guard value.dtype.isFloatingPoint, !opcode.isPredicate, let body = exclusiveBody() else {
      return false
    }
    _ = kb_unary(opcode.raw, value.dtype.code, body.layout.count, body.pointer, body.pointer)
    return true
  }

  @usableFromInline
  mutating func applyInPlace(
    _ opcode: Opcode, _ y: Tensor, _ promotion: Promotion, _ name: StaticString
  ) -> Bool {
    let dtype = value.dtype
    guard dtype.isFloatingPoint, !opcode.isPredicate, value.body != nil else { return false }
    let y = y.resolved
    guard y.node == nil || !isGradEnabled else { return false }
    if let other = y.value.body {
      guard y.value.meta == value.meta, other.layout.isContiguous,
        let body = exclusiveBody(), body.layout.rank > 0, other.layout.shape == body.layout.shape
      else { return false }
      let status = kb_binary(
        opcode.raw, dtype.code, body.layout.count, body.pointer, false, other.pointer, false,
        body.pointer)
      if status != 0 { self = Tensor(ElementwiseEvaluation.failed(status, name)) }
      return true
    }
    let adopted = y.value.meta == value.meta ? y.value : y.value.adopted(dtype, promotion)
    guard let number = adopted, let body = exclusiveBody(), body.layout.rank > 0 else {
      return false
    }
    let status = withUnsafePointer(to: number.bits) {
      kb_binary(
        opcode.raw, dtype.code, body.layout.count, body.pointer, false, $0, true, body.pointer)
    }
    if status != 0 { self = Tensor(ElementwiseEvaluation.failed(status, name)) }
    return true
  }

  /// Writes the element of `number` to all elements, if nothing else sees them.
  mutating func fillInPlace(_ number: Value) -> Bool {
    guard value.meta == number.meta, let body = exclusiveBody() else { return false }
    let layout = body.layout
    number.withElements { source, _ in
      kb_fill(number.dtype.size, layout.rank, layout.shape, source, body.pointer, nil)
    }
    return true
  }

  /// Writes the elements of `source`, of the same shape, if nothing else sees them.
  mutating func copyInPlace(_ source: Value) -> Bool {
    guard source.meta.isPlain, source.shape == value.shape, let body = exclusiveBody() else {
      return false
    }
    let layout = body.layout
    source.withElements { pointer, strides in
      kb_cast(
        source.dtype.code, value.dtype.code, layout.rank, layout.shape, pointer, strides,
        body.pointer)
    }
    return true
  }
}
