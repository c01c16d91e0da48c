import CKernels
import KobaiTensor

extension Tensor {
  /// The same elements in another shape; one size may be −1 and follows from the others. A view when
  /// the strides allow it.
  ///
  ///     Tensor([1, 2, 3, 4]).reshape(2, -1)   // tensor([[1, 2], [3, 4]])
  public func reshape(_ sizes: [Int]) -> Tensor {
    let own = shape
    if own == sizes { return self }
    guard let target = Self.resolve("reshape", sizes, count: own.elementCount) else {
      return .poison
    }
    if own == target { return self }
    return bind(Primitives.Reshape(from: own, to: target), self)
  }

  public func reshape(_ sizes: Int...) -> Tensor { reshape(sizes) }

  /// The same elements in the shape of another tensor.
  public func reshapeAs(_ other: Tensor) -> Tensor { reshape(other.shape) }

  /// The same elements in another shape, never copied: refused when the strides do not allow it.
  ///
  ///     Tensor([1, 2, 3, 4]).view(2, -1)            // tensor([[1, 2], [3, 4]])
  ///     Tensor([[1, 2], [3, 4]]).t().view(4)        // a misuse: use reshape
  public func view(_ sizes: [Int]) -> Tensor {
    let layout = layout
    guard let target = Self.resolve("view", sizes, count: layout.count) else { return .poison }
    guard layout.strides(viewedAs: target) != nil else {
      return misuse(
        "view: view size is not compatible with input tensor's size and stride (at least one "
          + "dimension spans across two contiguous subspaces). Use .reshape(...) instead.")
    }
    return reshape(target)
  }

  public func view(_ sizes: Int...) -> Tensor { view(sizes) }

  /// The same elements in the shape of another tensor, never copied.
  public func viewAs(_ other: Tensor) -> Tensor { view(other.shape) }

  /// Fills in a size of −1.
  static func resolve(_ name: String, _ sizes: [Int], count: Int) -> Shape? {
    func invalid(_ reason: String) -> Shape? {
      misuse("\(name): shape \(sizes) is invalid for input of size \(count); \(reason)", else: nil)
    }
    var target = sizes
    guard sizes.allSatisfy({ $0 >= -1 }) else { return invalid("sizes must not be negative") }
    let known = sizes.filter { $0 != -1 }.elementCount
    if let unknown = sizes.firstIndex(of: -1) {
      guard sizes.lastIndex(of: -1) == unknown else {
        return misuse(
          "\(name): only one dimension can be inferred, but the sizes are \(sizes)", else: nil)
      }
      guard known != 0 else {
        if count != 0 { return invalid("sizes of 0 hold no element") }
        return misuse(
          "\(name): cannot reshape tensor of 0 elements into shape \(sizes) because the unspecified "
            + "dimension size -1 can be any value and is ambiguous; state it", else: nil)
      }
      guard count % known == 0 else { return invalid("\(known) does not divide \(count)") }
      target[unknown] = count / known
    } else if known != count {
      return invalid("its product must be \(count)")
    }
    return target
  }
}

extension Primitives {
  public struct Reshape: LinearOperation {
    public static let name = "reshape"
    public static let gradientName = "ViewBackward0"
    let source, target: Shape

    init(from source: Shape, to target: Shape) {
      self.source = source
      self.target = target
    }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, target) }

    public func evaluate(_ x: Value) -> Value {
      if let strides = x.layout.strides(viewedAs: target) {
        return x.view(Layout(shape: target, strides: strides))
      }
      return x.contiguous.view(Layout(contiguous: target))
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let x = inputs[0]
      if let strides = x.layout.strides(viewedAs: target) {
        return .view(Layout(shape: target, strides: strides), offset: 0)
      }
      let (size, layout) = (x.dtype.size, StridedLayout(x.layout))
      return .kernel(mayReplace: []) { memory in
        kb_copy(size, layout.rank, layout.sizes, memory[0], layout.strides, memory[1], nil)
        return true
      }
    }

    public func transpose(_ dy: Tensor) -> Tensor { dy.reshape(source) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { x.reshape([size] + target) }
  }
}

extension Layout {
  /// The strides that show these elements, in row-major order, in another shape without a copy; nil when
  /// there are none. Groups of dimensions that lie without gaps may be split and joined at will.
  package func strides(viewedAs target: Shape) -> [Int]? {
    if isContiguous { return Layout(contiguous: target).strides }
    var result = [Int](repeating: 0, count: target.count)
    var t = target.count - 1
    var group = 1  // elements of the current group of source dimensions
    var base = strides.last ?? 1
    for d in shape.indices.reversed() {
      group *= shape[d]
      let ends = d == 0 || (shape[d - 1] != 1 && strides[d - 1] != group * base)
      guard ends else { continue }
      var step = 1
      while t >= 0 && (step < group || target[t] == 1) {
        result[t] = step * base
        step *= target[t]
        t -= 1
      }
      if step != group { return nil }
      if d > 0 {
        group = 1
        base = strides[d - 1]
      }
    }
    return t < 0 ? result : nil
  }
}

extension Operation {
  static let reshape = Operation(
    "reshape", .movement, primitives: [Primitives.Reshape.self],
    samples: [
      Sample(.uniform(-2...2, [2, 6])) { $0[0].reshape(3, -1) },
      Sample(.uniform(-2...2, [1])) { $0[0].reshape([]) },
      Sample(.uniform(-2...2, [])) { $0[0].reshape(1, 1) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].reshape(3, 0) },
    ])
}
