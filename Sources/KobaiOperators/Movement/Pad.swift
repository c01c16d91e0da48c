import CKernels
import KobaiTensor

/// How a padded border is filled.
public enum PaddingMode: Int32, Sendable, Hashable {
  /// With one value.
  case constant = 0
  /// c b | a b c | b a: mirrored at the edge's element.
  case reflect = 1
  /// a a | a b c | c c: the edge's element.
  case replicate = 2
  /// b c | a b c | a b: from the other end.
  case circular = 3
}

extension Tensor {
  /// A border around the last dimensions; negative sizes crop.
  ///
  ///     Tensor([1, 2]).pad([1, 2])                             // tensor([0, 1, 2, 0, 0])
  ///     Tensor([[[1, 2, 3]]]).pad([1, 1], mode: .reflect)      // tensor([[[2, 1, 2, 3, 2]]])
  ///
  /// - Parameters:
  ///   - sizes: before and after the last dimension, then before and after the one before it, …
  ///   - value: what a constant border holds, 0 unless given.
  public func pad(_ sizes: [Int], mode: PaddingMode = .constant, value: Double? = nil) -> Tensor {
    let shape = shape
    guard sizes.count % 2 == 0 else {
      return misuse("pad: Padding length must be divisible by 2, but the sizes are \(sizes)")
    }
    guard sizes.count <= 2 * shape.count else {
      return misuse(
        "pad: Padding length should be less than or equal to two times the input dimension but got "
          + "padding length \(sizes.count) and input of dimension \(shape.count)")
    }
    guard (sizes + shape).allSatisfy({ $0.magnitude <= 1 << 46 }) else {
      return misuse(
        "pad: padding \(sizes) of shape \(shape) gives more elements than memory can hold")
    }
    var before = Shape(repeating: 0, count: shape.count)
    var after = before
    for i in 0..<sizes.count / 2 {
      before[shape.count - 1 - i] = sizes[2 * i]
      after[shape.count - 1 - i] = sizes[2 * i + 1]
    }
    guard shape.indices.allSatisfy({ shape[$0] + before[$0] + after[$0] >= 0 }) else {
      return misuse(
        "pad: the sizes \(sizes) crop more than there is: the resulting dimension would be negative "
          + "for the shape \(shape)")
    }
    if mode == .constant {
      if sizes.allSatisfy({ $0 == 0 }) { return self }
      let element = Tensor(weak: value ?? 0).to(dtype).value
      return bind(Primitives.Pad(mode, shape, before, after, ScalarBits(element)), self)
    }
    guard value == nil || value == 0 else {
      return misuse("pad: Padding mode \"\(mode)\" doesn't take in value argument")
    }
    return padded(mode, sizes, before, after)
  }

  /// Filled from the tensor itself.
  private func padded(
    _ mode: PaddingMode, _ sizes: [Int], _ before: Shape, _ after: Shape
  ) -> Tensor {
    let shape = shape
    let spatial = sizes.count / 2
    guard (1...3).contains(spatial), shape.count == spatial + 1 || shape.count == spatial + 2
    else {
      return misuse(
        "pad: Padding size \(sizes.count) is not supported for \(shape.count)D input tensor in the "
          + "mode \(mode): 2, 4 or 6 sizes go with one or two dimensions more than are padded")
    }
    for d in (shape.count - spatial)..<shape.count {
      let (size, low, high) = (shape[d], before[d], after[d])
      switch mode {
      case .reflect:
        guard Swift.max(low, high) < size else {
          return misuse(
            "pad: Padding size should be less than the corresponding input dimension, but got: "
              + "padding (\(low), \(high)) at dimension \(d) of input \(shape)")
        }
      case .circular:
        guard Swift.max(low, high) <= size else {
          return misuse(
            "pad: Padding value causes wrapping around more than once: padding (\(low), \(high)) at "
              + "dimension \(d) of input \(shape)")
        }
      default: break
      }
      guard size > 0 else {
        return misuse(
          "pad: expected non-zero sizes in the padded dimensions, but got the shape \(shape)")
      }
    }
    guard mode == .circular, sizes.contains(where: { $0 < 0 }) else {
      return bind(Primitives.Pad(mode, shape, before, after, nil), self)
    }
    // What is cropped does not come back from the other end.
    var region = Region(of: shape)
    for d in shape.indices {
      let (low, high) = (Swift.max(0, -before[d]), Swift.max(0, -after[d]))
      region = region.narrowed(d, start: low, count: shape[d] - low - high)
    }
    let inner = part(region)
    for (d, size) in inner.shape.enumerated() where Swift.max(before[d], after[d]) > size {
      return misuse("pad: Padding value causes wrapping around more than once at dimension \(d)")
    }
    return bind(
      Primitives.Pad(
        mode, inner.shape, before.map { Swift.max(0, $0) }, after.map { Swift.max(0, $0) }, nil),
      inner)
  }
}

extension Primitives {
  /// Affine: the tangent is padded with zeros.
  public struct Pad: UnaryPrimitive {
    public static let name = "pad"
    let mode: PaddingMode
    let source: Shape
    let before, after: [Int]
    let value: ScalarBits?

    init(
      _ mode: PaddingMode, _ source: Shape, _ before: [Int], _ after: [Int], _ value: ScalarBits?
    ) {
      self.mode = mode
      self.source = source
      self.before = before
      self.after = after
      self.value = value
    }

    private var shape: Shape { source.indices.map { source[$0] + before[$0] + after[$0] } }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, shape) }

    public func evaluate(_ x: Value) -> Value {
      let dense = x.contiguous
      let element = value?.value ?? Value.make(x.dtype, .scalar) { Self.clear($0, x.dtype.size) }
      return dense.withElements { pointer, _ in
        element.withElements { fill, _ in
          Value.make(x.dtype, shape) { out in
            kb_pad(
              mode.rawValue, x.dtype.size, source.count, source, before, after, pointer, fill, out)
          }
        }
      }
    }

    private static func clear(_ pointer: UnsafeMutableRawPointer, _ count: Int) {
      pointer.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }

    public var residuals: Residuals { .none }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      mode == .constant
        ? bind(Pad(.constant, shape, before.map { -$0 }, after.map { -$0 }, nil), dy)
        : bind(PadTranspose(mode, source, before, after), dy)
    }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      bind(Pad(mode, source, before, after, nil), dx)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(Pad(mode, [size] + source, [0] + before, [0] + after, value), x)
    }
  }

  /// Each element gets the sum of its copies.
  public struct PadTranspose: LinearOperation {
    public static let name = "padTranspose"
    public static let gradientName = "PadBackward0"
    let mode: PaddingMode
    let source: Shape
    let before, after: [Int]

    init(_ mode: PaddingMode, _ source: Shape, _ before: [Int], _ after: [Int]) {
      self.mode = mode
      self.source = source
      self.before = before
      self.after = after
    }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, source) }
    public func evaluate(_ x: Value) -> Value {
      x.contiguous.withElements { pointer, _ in
        Value.make(x.dtype, source) { out in
          kb_pad_gradient(
            mode.rawValue, x.dtype.code, source.count, source, before, after, pointer, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      bind(Pad(mode, source, before, after, nil), dy)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(PadTranspose(mode, [size] + source, [0] + before, [0] + after), x)
    }
  }
}

extension Operation {
  static let pad = Operation(
    "pad", .movement, primitives: [Primitives.Pad.self, Primitives.PadTranspose.self],
    samples: [
      Sample(.uniform()) { $0[0].pad([1, 2]) },
      Sample(.uniform()) { $0[0].pad([-1, 2, 1, -1], value: 2.5) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].pad([1, 0, 1, 1]) },
      Sample(.uniform(-2...2, [2, 4])) { $0[0].pad([2, 3], mode: .reflect) },
      Sample(.uniform(-2...2, [1, 3, 4])) { $0[0].pad([1, -1, 2, 1], mode: .reflect) },
      Sample(.uniform(-2...2, [1, 3, 4])) { $0[0].pad([1, 2, 3, -1], mode: .replicate) },
      Sample(.uniform(-2...2, [1, 1, 3, 4])) { $0[0].pad([2, 2, 0, 1], mode: .circular) },
      Sample(.uniform(-2...2, [1, 1, 4])) { $0[0].pad([-1, 2], mode: .circular) },
      Sample(.complex(-2...2, [1, 4])) { $0[0].pad([1, 1], mode: .replicate) },
    ])
}
