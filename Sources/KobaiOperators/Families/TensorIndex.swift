import KobaiTensor

/// What may stand in the brackets of `x[…]`: integers, ranges of integers (negative ends count from the
/// end of the dimension), tensors and nested arrays of indices or bools, `.newAxis`, `.ellipsis`,
/// `.range(from:to:step:)`.
public protocol TensorIndex {
  var indexItem: IndexItem { get }
}

/// One entry of an index.
public struct IndexItem: TensorIndex, Sendable {
  enum Kind: Sendable {
    case integer(Int)
    case slice(start: Int?, stop: Int?, step: Int)
    case newAxis
    case ellipsis
    case tensor(Tensor)
  }
  let kind: Kind
  init(_ kind: Kind) { self.kind = kind }
  public var indexItem: IndexItem { self }

  /// Where a slice ends whose last index is `last`; nil: at the dimension's end.
  static func stop(behind last: Int) -> Int? { last == -1 || last == .max ? nil : last + 1 }
}

extension TensorIndex where Self == IndexItem {
  /// A new dimension of size 1.
  public static var newAxis: IndexItem { IndexItem(.newAxis) }
  /// As many whole dimensions as the other entries leave.
  public static var ellipsis: IndexItem { IndexItem(.ellipsis) }
  /// A whole dimension, as `0...`.
  public static var all: IndexItem { IndexItem(.slice(start: nil, stop: nil, step: 1)) }
  /// Every `step`th index from `from` on and before `to`; negative ends count from the dimension's end.
  ///
  ///     Tensor([0, 1, 2, 3, 4])[.range(from: -4, to: -1, step: 2)]   // tensor([1, 3])
  public static func range(from: Int? = nil, to: Int? = nil, step: Int = 1) -> IndexItem {
    IndexItem(.slice(start: from, stop: to, step: step))
  }
}

extension Int: TensorIndex {
  public var indexItem: IndexItem { IndexItem(.integer(self)) }
}
extension Range: TensorIndex where Bound == Int {
  public var indexItem: IndexItem {
    IndexItem(.slice(start: lowerBound, stop: upperBound, step: 1))
  }
}
extension ClosedRange: TensorIndex where Bound == Int {
  public var indexItem: IndexItem {
    IndexItem(.slice(start: lowerBound, stop: IndexItem.stop(behind: upperBound), step: 1))
  }
}
extension PartialRangeFrom: TensorIndex where Bound == Int {
  public var indexItem: IndexItem { IndexItem(.slice(start: lowerBound, stop: nil, step: 1)) }
}
extension PartialRangeUpTo: TensorIndex where Bound == Int {
  public var indexItem: IndexItem { IndexItem(.slice(start: nil, stop: upperBound, step: 1)) }
}
extension PartialRangeThrough: TensorIndex where Bound == Int {
  public var indexItem: IndexItem {
    IndexItem(.slice(start: nil, stop: IndexItem.stop(behind: upperBound), step: 1))
  }
}
extension Bool: TensorIndex {
  public var indexItem: IndexItem { IndexItem(.tensor(Tensor(self))) }
}
extension Tensor: TensorIndex {
  public var indexItem: IndexItem { IndexItem(.tensor(self)) }
}
extension Array: TensorIndex where Element: TensorData {
  public var indexItem: IndexItem {
    // An empty array selects nothing, whatever its type.
    IndexItem(.tensor(nestedShape?.contains(0) == true ? Tensor(self).to(.int64) : Tensor(self)))
  }
}

/// An index as it applies to one shape: a regular part, new dimensions, and tensors that index the result
/// of both.
struct ResolvedIndex {
  var region: Region
  /// The shape of the part with its new dimensions.
  var viewShape: Shape
  /// What indexes each dimension of the view; empty without tensors.
  var tensors: [Tensor?]

  var hasTensors: Bool { !tensors.isEmpty }

  /// Nil after a misuse.
  static func resolve(_ items: [IndexItem], _ shape: Shape) -> ResolvedIndex? {
    var region = Region(of: shape)
    var viewShape: Shape = []
    var tensors: [Tensor?] = []
    var found: [(Int, Tensor)] = []
    let specified = items.reduce(0) { $0 + $1.width }
    guard specified <= shape.count else {
      return shape.isEmpty && items.allSatisfy { $0.isInteger }
        ? misuse(
          "subscript: invalid index of a 0-dim tensor. Use item() to convert a 0-dim tensor to a "
            + "number", else: nil)
        : misuse(
          "subscript: too many indices for tensor of dimension \(shape.count)", else: nil)
    }
    guard items.filter(\.isEllipsis).count <= 1 else {
      return misuse("subscript: an index can only have a single ellipsis", else: nil)
    }
    var d = 0
    func keepWhole(_ count: Int) {
      viewShape += shape[d..<(d + count)]
      d += count
    }
    for item in items {
      switch item.kind {
      case .integer(let i):
        let size = shape[d]
        guard i >= -size && i < size else {
          return misuse(
            "subscript: index \(i) is out of bounds for dimension \(d) with size \(size)", else: nil
          )
        }
        region = region.selecting(d, i < 0 ? i + size : i)
        d += 1
      case .slice(let start, let stop, let step):
        guard step > 0 else {
          return misuse(
            "subscript: step must be greater than zero, but is \(step); use flip", else: nil)
        }
        let (first, count) = Region.clip(start, stop, step, size: shape[d])
        region = region.narrowed(d, start: first, count: count, step: step)
        viewShape.append(count)
        d += 1
      case .newAxis:
        viewShape.append(1)
      case .ellipsis:
        keepWhole(shape.count - specified)
      case .tensor(let tensor):
        if tensor.isMask && tensor.rank == 0 {
          // One bool: a new dimension of size 1 or 0.
          guard tensor.hostValue("subscript") != nil else { return nil }
          let isTrue = tensor.item(as: Bool.self)
          found.append((viewShape.count, Tensor([Int64](repeating: 0, count: isTrue ? 1 : 0))))
          viewShape.append(1)
        } else if tensor.rank == 0, !tensor.dtype.isDifferentiable,
          tensor.resolved.value.tracer == nil
        {
          let (i, size) = (tensor.item(as: Int.self), shape[d])
          guard i >= -size && i < size else {
            return misuse(
              "subscript: index \(i) is out of bounds for dimension \(d) with size \(size)",
              else: nil)
          }
          region = region.selecting(d, i < 0 ? i + size : i)
          d += 1
        } else {
          found.append((viewShape.count, tensor))
          keepWhole(item.width)
        }
      }
    }
    keepWhole(shape.count - d)
    for (position, tensor) in found {
      // A mask fills as many dimensions as it has: later entries are counted by them.
      let covered = tensors.reduce(0) { $0 + ($1.map { $0.isMask ? $0.rank : 1 } ?? 1) }
      tensors += Array(repeating: nil, count: position - covered)
      tensors.append(tensor)
    }
    return ResolvedIndex(region: region, viewShape: viewShape, tensors: tensors)
  }
}

extension IndexItem {
  /// How many dimensions of the tensor the entry stands for.
  var width: Int {
    switch kind {
    case .integer, .slice: 1
    case .newAxis, .ellipsis: 0
    case .tensor(let tensor): tensor.isMask ? tensor.rank : 1
    }
  }

  var isInteger: Bool {
    if case .integer = kind { true } else { false }
  }

  var isEllipsis: Bool {
    if case .ellipsis = kind { true } else { false }
  }
}

extension Tensor {
  /// Whether it selects by truth rather than by number.
  var isMask: Bool { dtype == .bool || dtype == .uint8 }
}
