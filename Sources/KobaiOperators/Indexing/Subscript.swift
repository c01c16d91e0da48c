import CKernels
import KobaiTensor

extension Tensor {
  /// One index along the first dimension. A view.
  ///
  ///     Tensor([[1, 2], [3, 4]])[-1]   // tensor([3, 4])
  ///
  /// Assigning changes this tensor alone, in place where nothing else can see its elements.
  public subscript(_ index: Int) -> Tensor {
    get { self[[index.indexItem]] }
    set { assign([index.indexItem], newValue) }
  }

  /// The elements that the entries select together, as in PyTorch. Integers and ranges give a view;
  /// tensors and arrays pick elements by number or by truth.
  ///
  ///     let x = Tensor([[1, 2, 3], [4, 5, 6]])
  ///     x[0, 1...]                    // tensor([2, 3])
  ///     x[0..., -1]                   // tensor([3, 6])
  ///     x[.newAxis, .ellipsis].shape  // [1, 2, 3]
  ///     x[0..., [2, 0]]               // tensor([[3, 1], [6, 4]])
  ///     x[x > 4]                      // tensor([5, 6])
  ///
  /// Several tensors are broadcast together; where a range or a new axis separates them, their dimensions
  /// move to the front. Ranges are clipped to the dimension, integers must lie in it.
  ///
  /// Assigning changes this tensor alone: a value is broadcast to what is selected and converted to the
  /// tensor's dtype. The gradient of what is replaced is 0.
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    get { self[indices.map(\.indexItem)] }
    set { assign(indices.map(\.indexItem), newValue) }
  }

  /// All of it: `x[...] = 0` fills.
  public subscript(_ all: UnboundedRange) -> Tensor {
    get { self }
    set { assign([.ellipsis], newValue) }
  }

  /// `...` in front of other entries is `.ellipsis`.
  ///
  ///     Tensor([[1, 2], [3, 4]])[..., 0]   // tensor([1, 3])
  public subscript(_ all: UnboundedRange, _ indices: any TensorIndex...) -> Tensor {
    get { self[[.ellipsis] + indices.map(\.indexItem)] }
    set { assign([.ellipsis] + indices.map(\.indexItem), newValue) }
  }

  /// The elements that a list of entries selects.
  public subscript(_ items: [IndexItem]) -> Tensor {
    get {
      guard let index = ResolvedIndex.resolve(items, shape) else { return .poison }
      let view = part(index.region).reshape(index.viewShape)
      guard index.hasTensors else { return view }
      guard let plan = IndexPlan.make("subscript", index.viewShape, index.tensors) else {
        return .poison
      }
      return view.index(plan)
    }
    set { assign(items, newValue) }
  }
}

// MARK: - Assignment

extension Tensor {
  /// Replaces what the entries select.
  private mutating func assign(_ items: [IndexItem], _ newValue: Tensor) {
    if let state {
      guard !(state.requiresGrad && isGradEnabled) else {
        return misuse(
          "subscript: a leaf Variable that requires grad is being used in an in-place operation. "
            + "Assign inside noGrad { }, or to a copy: var y = x.clone()", else: ())
      }
      var copy = detach()
      copy.assign(items, newValue.detach())
      state.replace(copy, operation: "subscript")
      return
    }
    if !value.meta.isPlain { self = current }
    guard let index = ResolvedIndex.resolve(items, shape) else { return become(.poison) }
    let values = newValue.to(dtype)
    if index.hasTensors {
      put(index, values)
    } else if let values = values.fitted("subscript", to: index.viewShape) {
      replace(index.region, values.reshape(index.region.shape))
    } else {
      become(.poison)
    }
  }

  /// After a misuse inside `recovering { }`.
  private mutating func become(_ tensor: Tensor) { self = tensor }

  private mutating func replace(_ region: Region, _ values: Tensor) {
    let values = values.current
    if canWrite(values), ownsElements() {
      if let body = value.body { region.write(values.value, into: body.pointer) }
    } else if region.isWhole {
      // Nothing of the old elements is left: PyTorch's fill and copy_.
      self = values.value.body === value.body ? values : values.clone()
    } else {
      self = bind(Primitives.SliceUpdate(region), self, values)
    }
  }

  private mutating func put(_ index: ResolvedIndex, _ values: Tensor) {
    // A mask with one value needs no list of places, so it may be traced.
    if index.tensors.count == 1, let mask = index.tensors[0], mask.dtype == .bool,
      mask.shape == index.viewShape, values.count == 1
    {
      let view = part(index.region).reshape(index.viewShape)
      let chosen = Tensor.where(mask, values.reshape([]), view)
      return replace(index.region, chosen.reshape(index.region.shape))
    }
    guard let plan = IndexPlan.make("subscript", index.viewShape, index.tensors),
      let values = values.fitted("subscript", to: plan.shape)?.current
    else { return become(.poison) }
    let primitive = Primitives.IndexPut(plan.pattern, accumulate: false)
    if index.region.isWhole, canWrite(values), plan.indices.allSatisfy({ canWrite($0) }),
      ownsElements()
    {
      guard let body = value.body else { return }
      let failure = primitive.write(
        values.value, at: plan.indices.map(\.value), into: body.pointer)
      if let failure { become(misuse("subscript: \(failure)")) }
      return
    }
    let view = part(index.region).reshape(index.viewShape)
    let changed = view.indexPut(plan, values, accumulate: false)
    if changed.isPoisoned { return become(.poison) }
    replace(index.region, changed.reshape(index.region.shape))
  }

  /// Whether the elements of `values` can be written without a record.
  private func canWrite(_ values: Tensor) -> Bool {
    values.value.meta.isPlain && (values.node == nil || !isGradEnabled)
  }

  /// Whether this tensor is the only one that sees its elements, which lie in memory without gaps, and
  /// takes no part in differentiation.
  private mutating func ownsElements() -> Bool {
    guard node == nil, value.meta.isPlain, isKnownUniquelyReferenced(&value.body),
      let body = value.body
    else { return false }
    return body.ownsMemory && body.layout.isContiguous
  }
}

extension Operation {
  static let subscripts = Operation(
    "subscript", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4])) { $0[0][1] },
      Sample(.uniform(-2...2, [3, 4])) { $0[0][0..., -1] },
      Sample(.uniform(-2...2, [3, 4])) { $0[0][1..<3, .newAxis, .range(step: 2)] },
      Sample(.uniform(-2...2, [3, 4, 2])) { $0[0][.ellipsis, 0] },
      Sample(.uniform(-2...2, [3, 4, 2])) { $0[0][[0, 2], 0..., [1, 0]] },
      Sample(.uniform(-2...2, [3, 4, 2])) { $0[0][0..., [[1, 3], [0, 0]], 1] },
      Sample(.uniform(-2...2, [3, 2])) { $0[0][[true, false, true]] },
      Sample(.uniform(-2...2, [3, 2]), .integers(-3..<3, [])) { $0[0][$0[1]] },
      Sample(.uniform(-2...2, [])) { $0[0][.newAxis] },
      Sample(.uniform(-2...2, [3, 2]), .uniform(-2...2, [2])) {
        var x = $0[0].clone()
        x[1] = $0[1]
        return x
      },
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [])) {
        var x = $0[0].clone()
        x[0..., 1..<3] = $0[1]
        return x
      },
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [2, 2])) {
        var x = $0[0].clone()
        x[[0, 2], 1..<3] = $0[1]
        return x
      },
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [])) {
        var x = $0[0].clone()
        x[x.detach() > 0] = $0[1]
        return x
      },
    ])
}
