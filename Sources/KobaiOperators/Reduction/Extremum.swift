import CKernels
import KobaiTensor

extension Tensor {
  /// The largest element. NaN counts as the largest; equal largest elements share the gradient.
  ///
  ///     Tensor([1, 5, 2]).max()   // tensor(5)
  public func max() -> Tensor { extremum("max", largest: true) }

  /// The smallest element. NaN counts as the smallest; equal smallest elements share the gradient.
  public func min() -> Tensor { extremum("min", largest: false) }

  private func extremum(_ name: String, largest: Bool) -> Tensor {
    guard count > 0 else {
      return misuse(
        "\(name): Expected reduction dim to be specified for input.numel() == 0; the tensor of shape "
          + "\(shape) has no element")
    }
    return reduceExtremum(name, nil, keepDim: false, largest: largest, marksNaN: true)
  }

  /// The largest element along one dimension with its index: the first one among equals, which alone gets
  /// the gradient.
  ///
  ///     let (values, indices) = Tensor([[1, 5], [7, 3]]).max(dim: 1)
  ///     // tensor([5, 7]), tensor([1, 0])
  public func max(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    indexedExtremum("max", dim, keepDim, largest: true)
  }

  /// The smallest element along one dimension with its index: the first one among equals.
  public func min(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    indexedExtremum("min", dim, keepDim, largest: false)
  }

  private func indexedExtremum(
    _ name: String, _ dim: Int, _ keepDim: Bool, largest: Bool
  ) -> (values: Tensor, indices: Tensor) {
    guard let d = Operands.dimension(name, dim, rank: rank),
      let indices = argument(name, d, keepDim: true, largest: largest)
    else { return (.poison, .poison) }
    let values = rank == 0 ? self : gather(dim: d, index: indices)
    if keepDim || rank == 0 { return (values, rank == 0 ? indices.reshape([]) : indices) }
    return (values.squeeze(dim: d), indices.squeeze(dim: d))
  }

  /// The largest elements over some dimensions, or over all; equal ones share the gradient.
  public func amax(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    reduceExtremum("amax", dims, keepDim: keepDim, largest: true, marksNaN: false)
  }
  public func amax(dim: Int, keepDim: Bool = false) -> Tensor {
    amax(dims: [dim], keepDim: keepDim)
  }

  /// The smallest elements over some dimensions, or over all; equal ones share the gradient.
  public func amin(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    reduceExtremum("amin", dims, keepDim: keepDim, largest: false, marksNaN: false)
  }
  public func amin(dim: Int, keepDim: Bool = false) -> Tensor {
    amin(dims: [dim], keepDim: keepDim)
  }

  private func reduceExtremum(
    _ name: String, _ dims: [Int]?, keepDim: Bool, largest: Bool, marksNaN: Bool
  ) -> Tensor {
    let shape = shape
    guard !dtype.isComplex else {
      return misuse("\(name): not implemented for \(dtype): complex numbers have no order")
    }
    guard let reduced = Operands.dimensions(name, dims, rank: shape.count) else { return .poison }
    if let empty = reduced.first(where: { shape[$0] == 0 }) {
      return misuse(
        "\(name): Expected reduction dim \(empty) to have non-zero size, but the shape is \(shape)")
    }
    if reduced.isEmpty { return self }
    return bind(
      Primitives.Extremum(largest: largest, marksNaN: marksNaN, reduced: reduced, source: shape),
      self
    ).keepingDims(keepDim, shape, reduced)
  }

  /// The index of the largest element: in row-major order, or along one dimension. The first among equals.
  ///
  ///     Tensor([[1, 5], [7, 3]]).argmax()         // tensor(2)
  ///     Tensor([[1, 5], [7, 3]]).argmax(dim: 1)   // tensor([1, 0])
  public func argmax(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    argument("argmax", dim, keepDim: keepDim, largest: true) ?? .poison
  }

  /// The index of the smallest element: in row-major order, or along one dimension. The first among equals.
  public func argmin(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    argument("argmin", dim, keepDim: keepDim, largest: false) ?? .poison
  }

  private func argument(_ name: String, _ dim: Int?, keepDim: Bool, largest: Bool) -> Tensor? {
    let shape = shape
    guard !dtype.isComplex else {
      return misuse(
        "\(name): not implemented for \(dtype): complex numbers have no order", else: nil)
    }
    guard let dim else {
      guard count > 0 else {
        return misuse(
          "\(name): Expected reduction dim to be specified for input.numel() == 0; the tensor of "
            + "shape \(shape) has no element", else: nil)
      }
      let flat = reshape([-1]).argument(name, 0, keepDim: false, largest: largest)
      return keepDim ? flat?.reshape(Shape(repeating: 1, count: shape.count)) : flat
    }
    guard let d = Operands.dimension(name, dim, rank: shape.count),
      Operands.takesRank(name, shape.count)
    else { return nil }
    if shape.isEmpty { return Tensor(0, dtype: .int64) }
    guard shape[d] > 0 else {
      return misuse(
        "\(name): Expected reduction dim \(d) to have non-zero size, but the shape is \(shape)",
        else: nil)
    }
    return bind(Primitives.ArgExtremum(largest: largest, dim: d), [self])[0]
      .keepingDims(keepDim, shape, [d])
  }
}

extension Primitives {
  /// The largest or smallest element of each slice; gradients are shared among ties.
  public struct Extremum: Reduction {
    public static let name = "amax"
    package let largest: Bool
    /// Whether a NaN result gives its gradient to the NaN elements, as `max()` does.
    let marksNaN: Bool
    public let reduced: [Int]
    public let source: Shape

    public func shifted(reduced: [Int], source: Shape) -> Extremum {
      Extremum(largest: largest, marksNaN: marksNaN, reduced: reduced, source: source)
    }

    public func evaluate(_ x: Value) -> Value {
      let dtype = x.dtype.code
      return Reduced.evaluate(x, reduced, to: x.dtype) { rank, dims, flags, pointer, strides, out in
        kb_reduce(
          largest ? KB_REDUCE_MAX : KB_REDUCE_MIN, dtype, dtype, rank, dims, flags, pointer,
          strides,
          out)
      }
    }

    public var residuals: Residuals { [.input, .output] }

    public func localDerivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      var isExtreme = x.eq(y.broadcast(to: source))
      if marksNaN { isExtreme = isExtreme.logicalOr(x.ne(x)) }
      let mask = isExtreme.to(x.dtype)
      return mask / mask.sum(dims: reduced, keepDim: true).broadcast(to: source)
    }
  }

  public struct ArgExtremum: Primitive {
    public static let name = "argmax"
    package let largest: Bool
    package let dim: Int

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(.int64, Reduced.dropping(inputs[0].shape, [dim]))]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0]
      return [
        Reduced.evaluate(x, [dim], to: .int64) { rank, dims, flags, pointer, strides, out in
          kb_arg_reduce(
            largest, x.dtype.code, rank, dims, flags, pointer, strides, nil,
            out.assumingMemoryBound(to: Int64.self))
        }
      ]
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [nil] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(ArgExtremum(largest: largest, dim: dim + 1), inputs)
    }
  }
}

extension Operation {
  static let extremum = Operation(
    "max", .reduction, primitives: [Primitives.Extremum.self, Primitives.ArgExtremum.self],
    samples: [
      Sample(.distinct()) { $0[0].max() },
      Sample(.distinct([2, 3, 4])) { $0[0].amax(dims: [0, -1], keepDim: true) },
      Sample(.distinct([2, 3, 4])) { $0[0].amin(dim: 1) },
      Sample(Sample.Input(.values([1, 3, 3, 2]), [4], isDifferentiated: false)) { $0[0].max() },
      Sample(
        .distinct([2, 3, 4]), results: { [$0[0].max(dim: 1).values, $0[0].max(dim: 1).indices] }),
      Sample(.distinct([2, 3]), results: { [$0[0].min(dim: -1, keepDim: true).values] }),
      Sample(.distinct([2, 3])) { $0[0].argmax() },
      Sample(.distinct([2, 3])) { $0[0].argmin(dim: 0, keepDim: true) },
      Sample(.uniform(-2...2, [])) { $0[0].max() },
    ])
}
