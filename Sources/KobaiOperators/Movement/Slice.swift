import CKernels
import KobaiTensor

extension Tensor {
  /// `length` neighbours along a dimension, from `start` on. A view.
  ///
  ///     Tensor([1, 2, 3, 4]).narrow(dim: 0, start: 1, length: 2)   // tensor([2, 3])
  ///
  /// - Parameter start: counted from the end if negative.
  public func narrow(dim: Int, start: Int, length: Int) -> Tensor {
    let shape = shape
    guard !shape.isEmpty else {
      return misuse("narrow: narrow() cannot be applied to a 0-dim tensor; reshape it to [1]")
    }
    guard let d = Operands.dimension("narrow", dim, rank: shape.count) else { return .poison }
    guard length >= 0 else {
      return misuse("narrow: narrow(): length must be non-negative, but is \(length)")
    }
    let size = shape[d]
    guard start >= -size && start <= size else {
      return misuse(
        "narrow: start out of range (expected to be in range of [\(-size), \(size)], but got "
          + "\(start))")
    }
    let first = start < 0 ? start + size : start
    guard length <= size - first else {
      return misuse(
        "narrow: start (\(first)) + length (\(length)) exceeds dimension size (\(size)).")
    }
    return part(Region(of: shape).narrowed(d, start: first, count: length))
  }

  /// One index along a dimension, which disappears. A view.
  ///
  ///     Tensor([[1, 2], [3, 4]]).select(dim: 1, index: -1)   // tensor([2, 4])
  public func select(dim: Int, index: Int) -> Tensor {
    let shape = shape
    guard !shape.isEmpty else {
      return misuse("select: select() cannot be applied to a 0-dim tensor.")
    }
    guard let d = Operands.dimension("select", dim, rank: shape.count) else { return .poison }
    let size = shape[d]
    guard index >= -size && index < size else {
      return misuse(
        "select: index \(index) out of range for tensor of size \(shape) at dimension \(d)")
    }
    return part(Region(of: shape).selecting(d, index < 0 ? index + size : index))
  }

  /// A copy with the slice `start ..< end` of a dimension, in steps, replaced by `source`.
  ///
  ///     Tensor.zeros([4]).sliceScatter(Tensor([1.0, 2.0]), start: 1, end: 3)   // tensor([0., 1., 2., 0.])
  public func sliceScatter(
    _ source: Tensor, dim: Int = 0, start: Int? = nil, end: Int? = nil, step: Int = 1
  ) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension("sliceScatter", dim, rank: shape.count), !shape.isEmpty
    else { return .poison }
    guard step > 0 else { return misuse("sliceScatter: step must be greater than zero") }
    let (first, count) = Region.clip(start, end, step, size: shape[d])
    return replacing(
      Region(of: shape).narrowed(d, start: first, count: count, step: step), source,
      "sliceScatter")
  }

  /// A copy with one index along a dimension replaced by `source`.
  ///
  ///     Tensor.zeros([2, 2]).selectScatter(Tensor([1.0, 2.0]), dim: 0, index: 1)
  ///     // tensor([[0., 0.], [1., 2.]])
  public func selectScatter(_ source: Tensor, dim: Int, index: Int) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension("selectScatter", dim, rank: shape.count), !shape.isEmpty
    else { return .poison }
    guard index >= -shape[d] && index < shape[d] else {
      return misuse(
        "selectScatter: index \(index) out of range for tensor of size \(shape) at dimension \(d)")
    }
    return replacing(
      Region(of: shape).selecting(d, index < 0 ? index + shape[d] : index), source,
      "selectScatter")
  }

  /// A copy with a part replaced by a tensor of exactly its shape.
  private func replacing(_ region: Region, _ source: Tensor, _ name: String) -> Tensor {
    guard source.shape == region.shape else {
      return misuse(
        "\(name): expected src to have a size equal to the slice of self: the slice has shape "
          + "\(region.shape), src \(source.shape)")
    }
    return bind(Primitives.SliceUpdate(region), self, source.to(dtype))
  }
}

extension Region {
  /// Where a slice starts and how many elements it has, as Python's slices: ends are clipped.
  static func clip(_ start: Int?, _ stop: Int?, _ step: Int, size: Int) -> (Int, Int) {
    func position(_ i: Int) -> Int { min(max(i < 0 ? i + size : i, 0), size) }
    let first = position(start ?? 0)
    let last = max(position(stop ?? size), first)
    return (first, first == last ? 0 : (last - first - 1) / step + 1)
  }
}

extension Primitives {
  /// A regular part, as a view.
  public struct Slice: LinearOperation {
    public static let name = "slice"
    let region: Region

    package init(_ region: Region) { self.region = region }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, region.shape) }
    public func evaluate(_ x: Value) -> Value {
      let (strides, offset) = region.place(in: x.layout.strides)
      return x.view(Layout(shape: region.shape, strides: strides), offset: offset)
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let (strides, offset) = region.place(in: inputs[0].layout.strides)
      return .view(Layout(shape: region.shape, strides: strides), offset: offset)
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(Embed(region), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(Slice(region.batched(size)), x) }
  }

  /// Zeros with one part written: the adjoint of a slice.
  public struct Embed: LinearOperation {
    public static let name = "embed"
    public static let gradientName = "SliceBackward0"
    let region: Region

    package init(_ region: Region) { self.region = region }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, region.source) }
    public func evaluate(_ x: Value) -> Value {
      let layout = Layout(contiguous: region.source)
      return Value.make(x.dtype, layout) { out in
        out.initializeMemory(as: UInt8.self, repeating: 0, count: layout.count * x.dtype.size)
        region.write(x, into: out)
      }
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let (size, bytes) = (inputs[0].dtype.size, outputs[0].layout.count * inputs[0].dtype.size)
      let (strides, offset) = region.place(in: outputs[0].layout.strides)
      let (from, to) = (
        StridedLayout(inputs[0].layout),
        StridedLayout(Layout(shape: region.shape, strides: strides))
      )
      return .kernel(mayReplace: []) { memory in
        memory[1].initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        kb_copy(
          size, from.rank, from.sizes, memory[0], from.strides, memory[1] + offset * size,
          to.strides)
        return true
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(Slice(region), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(Embed(region.batched(size)), x) }
  }

  /// x with one part replaced by y; linear in both together.
  public struct SliceUpdate: BinaryPrimitive {
    public static let name = "sliceUpdate"
    public static let gradientName = "CopySlices"
    let region: Region

    package init(_ region: Region) { self.region = region }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value, _ y: Value) -> Value {
      x.copied { region.write(y, into: $0) }
    }
    public var residualsForX: Residuals { .none }
    public var residualsForY: Residuals { .none }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(self, dz, Tensor.zerosView(region.shape, dz.dtype))
    }
    public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(Slice(region), dz)
    }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(self, dx, Tensor.zerosView(region.shape, dx.dtype))
    }
    public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(Embed(region), dy)
    }
    public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let all = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(SliceUpdate(region.batched(size)), all[0], all[1])]
    }
  }
}

extension Operation {
  static let narrow = Operation(
    "narrow", .movement, primitives: [Primitives.Slice.self, Primitives.Embed.self],
    samples: [
      Sample(.uniform(-2...2, [4, 3])) { $0[0].narrow(dim: 0, start: 1, length: 2) },
      Sample(.uniform(-2...2, [2, 5])) { $0[0].narrow(dim: -1, start: -3, length: 2) },
      Sample(.uniform(-2...2, [2, 5])) { $0[0].narrow(dim: 1, start: 5, length: 0) },
      Sample(.complex(-2...2, [4])) { $0[0].narrow(dim: 0, start: 2, length: 2) },
    ])
  static let select = Operation(
    "select", .movement, primitives: [Primitives.Slice.self],
    samples: [
      Sample(.uniform(-2...2, [4, 3])) { $0[0].select(dim: 0, index: 1) },
      Sample(.uniform(-2...2, [4, 3])) { $0[0].select(dim: -1, index: -1) },
      Sample(.uniform(-2...2, [4])) { $0[0].select(dim: 0, index: 2) },
    ])
  static let sliceScatter = Operation(
    "sliceScatter", .movement, primitives: [Primitives.SliceUpdate.self],
    samples: [
      Sample(.uniform(-2...2, [5, 3]), .uniform(-2...2, [2, 3])) {
        $0[0].sliceScatter($0[1], start: 1, end: 4, step: 2)
      },
      Sample(.uniform(-2...2, [2, 4]), .uniform(-2...2, [2, 2])) {
        $0[0].sliceScatter($0[1], dim: -1, start: -2)
      },
    ])
  static let selectScatter = Operation(
    "selectScatter", .movement, primitives: [Primitives.SliceUpdate.self],
    samples: [
      Sample(.uniform(-2...2, [5, 3]), .uniform(-2...2, [5])) {
        $0[0].selectScatter($0[1], dim: 1, index: -1)
      }
    ])
}
