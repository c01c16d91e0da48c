import CKernels
import KobaiTensor

/// How an operation on several tensors chooses the dtype it computes in.
public enum Promotion: Sendable {
  /// PyTorch's type promotion.
  case standard
  /// Promotion, then integers and bool become the default floating point dtype: division, exp.
  case floating
  /// Promotion of what is compared; the result is bool.
  case comparison
}

extension Tensor {
  /// The operation of a binary primitive: promotes dtypes and inserts broadcasts unless none is needed.
  @inlinable
  public static func elementwise<P: BinaryElementwise>(
    _ primitive: P, _ x: Tensor, _ y: Tensor
  ) -> Tensor {
    if x.value.meta == y.value.meta && x.value.meta.isPlain
      && (P.promotion != .floating || x.value.dtype.isDifferentiable)
    {
      switch (x.value.body, y.value.body) {
      case (nil, nil): return bind(primitive, x, y)
      case (let a?, let b?) where a.layout === b.layout: return bind(primitive, x, y)
      default: break
      }
    }
    return promoted(primitive, x, y)
  }

  @inlinable @inline(never)
  static func promoted<P: BinaryElementwise>(
    _ primitive: P, _ x: Tensor, _ y: Tensor
  ) -> Tensor {
    // A number beside a tensor whose dtype it adopts is by far the most common case.
    if x.value.meta.isPlain, let number = y.value.adopted(x.value.dtype, P.promotion) {
      return bind(primitive, x, Tensor(number))
    }
    if y.value.meta.isPlain, let number = x.value.adopted(y.value.dtype, P.promotion) {
      return bind(primitive, Tensor(number), y)
    }
    let (a, b) = (x.resolved, y.resolved)
    if x.value.meta.has(Value.Meta.live) || y.value.meta.has(Value.Meta.live) {
      return elementwise(primitive, a, b)
    }
    if a.value.meta.has(Value.Meta.weak) && b.value.meta.has(Value.Meta.weak) {
      return numbers(primitive, a, b)
    }
    guard let (x, y) = Operands.prepare(P.name, P.promotion, a, b) else { return .poison }
    return bind(primitive, x, y)
  }

  /// Numbers alone give a number, in full precision, that adopts the dtype of what it meets:
  /// `x * (1 - 0.1)` is the same whether Swift takes the literals for tensors or not.
  @usableFromInline
  static func numbers<P: BinaryElementwise>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor {
    func plain(_ x: Tensor) -> Tensor {
      let value = x.value
      let number = Value(body: value.body, bits: value.bits, meta: Value.Meta(value.dtype))
      let isWidened = P.promotion == .floating && !value.dtype.isDifferentiable
      return Tensor(isWidened ? number.cast(to: .float64) : number)
    }
    let result = elementwise(primitive, plain(x), plain(y))
    let value = result.value
    guard value.meta.isPlain, value.dtype != .bool, value.layout.rank == 0 else { return result }
    return Tensor(
      Value(body: value.body, bits: value.bits, meta: value.meta.with(Value.Meta.weak)))
  }

  /// The operation of a unary elementwise primitive that is defined for floating point and complex
  /// numbers: integers become the default floating point dtype.
  @inlinable
  public static func floating<P: UnaryElementwise>(_ primitive: P, _ x: Tensor) -> Tensor {
    if x.value.meta.isPlain && x.value.dtype.isDifferentiable { return bind(primitive, x) }
    let x = x.resolved
    return bind(primitive, x.dtype.isDifferentiable ? x : x.to(DType.default))
  }

  /// The operation of a unary elementwise primitive for the dtypes of a domain; others are a misuse.
  @inlinable
  public static func unary<P: UnaryElementwise>(
    _ primitive: P, _ x: Tensor, _ domain: Domain
  ) -> Tensor {
    if x.value.meta.isPlain && x.value.dtype.isFloatingPoint { return bind(primitive, x) }
    guard let x = domain.admit(P.name, x) else { return .poison }
    return bind(primitive, x)
  }
}

/// The numbers that an operation on one tensor is defined for. All take real floating point ones.
public enum Domain: Sendable {
  /// Complex numbers too; integers and bool become the default floating point dtype.
  case numbers
  /// Integers and bool become the default floating point dtype.
  case real
  /// Integers stay integers; not bool.
  case ordered
  /// Nothing else, as PyTorch's activations.
  case floatingPoint
  /// Complex numbers too.
  case differentiable

  /// The tensor as the operation takes it; nil, after the misuse, if it does not.
  @usableFromInline
  func admit(_ name: String, _ x: Tensor) -> Tensor? {
    let x = x.resolved
    let dtype = x.dtype
    if dtype.isFloatingPoint || x.value.meta.has(Value.Meta.poison) { return x }
    if dtype.isComplex {
      if self == .numbers || self == .differentiable { return x }
      return misuse(
        "\(name): not implemented for complex tensors (\(dtype)); take .abs(), .real or .imag",
        else: nil)
    }
    switch self {
    case .numbers, .real: return x.to(DType.default)
    case .ordered where dtype != .bool: return x
    default:
      return misuse(
        "\(name): not implemented for \(dtype) tensors; convert with .to(.float32)", else: nil)
    }
  }
}

/// What operations check of their arguments, in common sentences.
public enum Operands {
  /// Two operands in one dtype and one shape; an untracked rank-0 operand keeps its rank.
  @usableFromInline
  static func prepare(
    _ name: String, _ promotion: Promotion, _ x: Tensor, _ y: Tensor
  ) -> (Tensor, Tensor)? {
    var dtype = x.dtype == y.dtype ? x.dtype : resultType([x, y])
    if promotion == .floating && !dtype.isDifferentiable { dtype = .default }
    let (a, b) = (x.to(dtype), y.to(dtype))
    let (ax, bx) = (a.shape, b.shape)
    if ax == bx || ax.isEmpty && a.isUniform || bx.isEmpty && b.isUniform { return (a, b) }
    guard let shape = broadcastShape(name, [ax, bx]) else { return nil }
    return (a.broadcast(to: shape), b.broadcast(to: shape))
  }

  /// Several operands in one dtype and shape.
  public static func prepare(
    _ name: String, _ promotion: Promotion, _ operands: [Tensor]
  ) -> [Tensor]? {
    var dtype = resultType(operands)
    if promotion == .floating && !dtype.isDifferentiable { dtype = .default }
    let cast = operands.map { $0.to(dtype) }
    guard let shape = broadcastShape(name, cast.map(\.shape)) else { return nil }
    return cast.map { $0.broadcast(to: shape) }
  }

  /// The dtype that operands combine to: tensors with dimensions decide, rank-0 tensors and then Swift
  /// numbers only raise the category.
  ///
  /// https://docs.pytorch.org/docs/stable/generated/torch.result_type.html
  public static func resultType(_ operands: [Tensor]) -> DType {
    var classes: (dims: DType?, scalars: DType?, numbers: DType?) = (nil, nil, nil)
    func join(_ a: DType?, _ b: DType) -> DType { a.map { .promote($0, b) } ?? b }
    for operand in operands {
      let value = operand.value
      if value.meta.has(Value.Meta.weak) {
        classes.numbers = join(classes.numbers, operand.dtype)
      } else if operand.rank == 0 {
        classes.scalars = join(classes.scalars, operand.dtype)
      } else {
        classes.dims = join(classes.dims, operand.dtype)
      }
    }
    return combine(combine(classes.dims, classes.scalars), classes.numbers) ?? .default
  }

  /// A higher class and a lower one, as PyTorch's `combine_categories`.
  private static func combine(_ higher: DType?, _ lower: DType?) -> DType? {
    guard let higher, let lower else { return higher ?? lower }
    if higher.isComplex { return higher }
    if higher.isFloatingPoint { return lower.isComplex ? higher.complex : higher }
    if higher == .bool || lower.isFloatingPoint || lower.isComplex {
      return .promote(higher, lower)
    }
    return higher
  }

  /// The shape that all broadcast to: sizes are aligned at the end and must be equal or 1.
  public static func broadcastShape(_ name: String, _ shapes: [Shape]) -> Shape? {
    // Mostly one of them is.
    for shape in shapes where shapes.allSatisfy({ broadcasts($0, to: shape) }) { return shape }
    let rank = shapes.map(\.count).max() ?? 0
    var result = Shape(repeating: 1, count: rank)
    for shape in shapes {
      let offset = rank - shape.count
      for (i, size) in shape.enumerated() where size != 1 {
        if result[offset + i] == 1 {
          result[offset + i] = size
        } else if result[offset + i] != size {
          return misuse(
            "\(name): shapes do not broadcast: "
              + shapes.map { "\($0)" }.joined(separator: ", ")
              + " (\(result[offset + i]) ≠ \(size) at dimension \(offset + i)); "
              + "sizes must be equal or 1",
            else: nil)
        }
      }
    }
    return result
  }

  /// Whether each size, aligned at the end, is 1 or that of the other shape.
  static func broadcasts(_ shape: Shape, to other: Shape) -> Bool {
    let offset = other.count - shape.count
    guard offset >= 0 else { return false }
    for i in 0..<shape.count where shape[i] != 1 && shape[i] != other[offset + i] { return false }
    return true
  }

  /// A dimension counted from the start; nil, after the misuse, if out of range. Rank 0 has dimensions
  /// 0 and −1, as in PyTorch.
  public static func dimension(_ name: String, _ dim: Int, rank: Int) -> Int? {
    let limit = max(rank, 1)
    guard dim >= -limit && dim < limit else {
      return misuse(
        "\(name): dimension out of range (expected to be in range of [\(-limit), \(limit - 1)], "
          + "but got \(dim))", else: nil)
    }
    return dim < 0 ? dim + limit : dim
  }

  /// Whether kernels that plan their loops take as many dimensions; a misuse if not. Views and elementwise
  /// operations take any number.
  static func takesRank(_ name: String, _ rank: Int) -> Bool {
    guard rank <= 64 else {
      return misuse(
        "\(name): only tensors with up to 64 dims are supported, but this one has \(rank)",
        else: false)
    }
    return true
  }

  /// Distinct dimensions counted from the start, in ascending order; none given means all.
  public static func dimensions(_ name: String, _ dims: [Int]?, rank: Int) -> [Int]? {
    guard takesRank(name, rank) else { return nil }
    guard let dims, !dims.isEmpty else { return Array(0..<rank) }
    var seen: Set<Int> = []
    for dim in dims {
      guard let d = dimension(name, dim, rank: rank) else { return nil }
      guard seen.insert(d).inserted else {
        return misuse("\(name): dim \(d) appears multiple times in the list of dims", else: nil)
      }
    }
    return rank == 0 ? [] : seen.sorted()
  }
}

extension Tensor {
  /// Rank 0 and neither tracked nor traced: it may stand for all elements of an elementwise operand.
  var isUniform: Bool {
    node == nil && value.meta.isPlain && value.body == nil
      || node == nil && value.meta.isPlain && rank == 0
  }
}

extension Value {
  /// A number in the dtype of the plain tensor beside it; nil when the general rules must decide.
  @inlinable
  func adopted(_ dtype: DType, _ promotion: Promotion) -> Value? {
    guard meta.has(Meta.weak), body == nil, meta.dtype.category <= dtype.category,
      dtype != .complex128, promotion != .floating || dtype.isDifferentiable
    else { return nil }
    return Value(bits: kb_adopt_scalar(meta.dtype.code, dtype.code, bits), dtype: dtype)
  }
}
