import CKernels
import KobaiTensor

/// How elements that meet at one place combine.
public enum ScatterReduction: UInt8, Sendable, Hashable {
  case sum, prod, mean, amax, amin
  /// `scatter`'s name for `sum`.
  public static let add = ScatterReduction.sum
  /// `scatter`'s name for `prod`.
  public static let multiply = ScatterReduction.prod
}

extension Tensor {
  /// A copy with elements of `src` written to the places that `index` names:
  /// `y[i, index[i, j]] = src[i, j]` for `dim` 1.
  ///
  ///     Tensor.zeros([3]).scatter(dim: 0, index: Tensor([2, 0]), src: Tensor([1.0, 2.0]))
  ///     // tensor([2., 0., 1.])
  ///
  /// - Parameters:
  ///   - index: int64 or int32; no dimension is longer than in `src`, nor, but for `dim`, than here.
  ///   - src: of this tensor's dtype.
  ///   - reduce: `.add` or `.multiply` combines with what is there.
  public func scatter(
    dim: Int, index: Tensor, src: Tensor, reduce: ScatterReduction? = nil
  ) -> Tensor {
    scattering("scatter", reduce.map(Primitives.ScatterKind.init) ?? .assign, true, dim, index, src)
  }

  /// A copy with one number written to the places that `index` names.
  ///
  ///     Tensor.zeros([3]).scatter(dim: 0, index: Tensor([2, 0]), value: 5)   // tensor([5., 0., 5.])
  public func scatter<S: TensorScalar>(
    dim: Int, index: Tensor, value: S, reduce: ScatterReduction? = nil
  ) -> Tensor {
    let source = Tensor(weak: value).to(dtype).broadcast(to: index.shape)
    return scatter(dim: dim, index: index, src: source, reduce: reduce)
  }

  /// A copy with elements of `src` added at the places that `index` names.
  ///
  ///     Tensor.zeros([2]).scatterAdd(dim: 0, index: Tensor([1, 1]), src: Tensor([1.0, 2.0]))
  ///     // tensor([0., 3.])
  public func scatterAdd(dim: Int, index: Tensor, src: Tensor) -> Tensor {
    scattering("scatterAdd", .sum, true, dim, index, src)
  }

  /// A copy with elements of `src` reduced into the places that `index` names.
  ///
  ///     Tensor([1.0, 2.0]).scatterReduce(
  ///       dim: 0, index: Tensor([1, 1]), src: Tensor([4.0, 3.0]), reduce: .amax)   // tensor([1., 4.])
  ///
  /// - Parameter includeSelf: whether what is there takes part.
  public func scatterReduce(
    dim: Int, index: Tensor, src: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
  ) -> Tensor {
    scattering("scatterReduce", .init(reduce), includeSelf, dim, index, src)
  }

  private func scattering(
    _ name: String, _ kind: Primitives.ScatterKind, _ includesSelf: Bool, _ dim: Int,
    _ index: Tensor, _ source: Tensor
  ) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension(name, dim, rank: shape.count),
      Operands.takesRank(name, shape.count)
    else { return .poison }
    guard source.dtype == dtype else {
      return misuse(
        "\(name): Expected self.dtype to be equal to src.dtype, but they are \(dtype) and "
          + "\(source.dtype)")
    }
    if index.count == 0 { return clone() }
    guard let index = Operands.index(name, index) else { return .poison }
    let counts = index.atLeast1d().shape
    let (x, src) = (atLeast1d(), source.atLeast1d())
    let (own, given) = (x.shape, src.shape)
    guard counts.count == own.count else {
      return misuse(Self.rankMismatch(name, "self", own, counts))
    }
    guard counts.count == given.count else {
      return misuse(Self.rankMismatch(name, "src", given, counts))
    }
    guard own.indices.allSatisfy({ counts[$0] <= given[$0] && ($0 == d || counts[$0] <= own[$0]) })
    else {
      return misuse(
        "\(name): Expected index \(counts) to be no larger than self \(own) apart from dimension "
          + "\(d) and to be no larger size than src \(given)")
    }
    var region = Region(of: given)
    region.counts = counts
    return bind(
      Primitives.Scatter(kind, includesSelf: includesSelf, d, own),
      [x, index.atLeast1d(), src.part(region)])[0].reshape(shape)
  }
}

extension Primitives {
  package enum ScatterKind: UInt8, Hashable, Sendable {
    case assign, sum, prod, mean, amax, amin

    init(_ reduction: ScatterReduction) {
      switch reduction {
      case .sum: self = .sum
      case .prod: self = .prod
      case .mean: self = .mean
      case .amax: self = .amax
      case .amin: self = .amin
      }
    }

    var kernel: kb_scatter_reduction {
      switch self {
      case .assign: KB_SCATTER_ASSIGN
      case .sum: KB_SCATTER_ADD
      case .prod: KB_SCATTER_PROD
      case .mean: KB_SCATTER_MEAN
      case .amax: KB_SCATTER_MAX
      case .amin: KB_SCATTER_MIN
      }
    }
  }

  /// x, index and a source of the index's shape. Rank at least 1.
  public struct Scatter: Primitive {
    public static let name = "scatter"
    package let kind: ScatterKind
    package let includesSelf: Bool
    package let dim: Int
    let source: Shape

    init(_ kind: ScatterKind, includesSelf: Bool, _ dim: Int, _ source: Shape) {
      self.kind = kind
      self.includesSelf = includesSelf
      self.dim = dim
      self.source = source
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let layouts = inputs.map { StridedLayout($0.layout) }
      let dtype = inputs[0].dtype.code
      let whole = StridedLayout(outputs[0].layout)
      let (kernel, includesSelf, dim) = (kind.kernel, includesSelf, dim)
      // Not in the memory of the first input: the third may be the same value, and is read after other
      // places were written.
      return .kernel(mayReplace: []) { memory in
        var bad: Int64 = 0
        return kb_scatter(
          kernel, includesSelf, dtype, whole.rank, whole.sizes, dim, memory[0], layouts[0].strides,
          memory[3], layouts[1].sizes,
          UnsafePointer(memory[1].assumingMemoryBound(to: Int64.self)), layouts[1].strides,
          memory[2], layouts[2].strides, &bad) == 0
      }
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (x, index, src) = (inputs[0], inputs[1], inputs[2])
      let (result, outOfRange) = x.updated { px, sx, out, bad in
        index.withIndices { pi, si in
          src.withElements { ps, ss in
            kb_scatter(
              kind.kernel, includesSelf, x.dtype.code, source.count, source, dim, px, sx, out,
              index.shape, pi, si, ps, ss, &bad)
          }
        }
      }
      guard let outOfRange else { return [result] }
      return [
        misuse(
          "scatter: index \(outOfRange) is out of bounds for dimension \(dim) with size \(source[dim])",
          else: .poison)
      ]
    }

    public var residuals: Residuals {
      switch kind {
      case .assign, .sum, .mean: [.input(1), .input(2)]
      default: .all
      }
    }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let rule = ScatterRule(primitive: self, index: kept.input(1))
      func forX(_ body: () -> Tensor) -> Tensor? {
        guard kept.isNeeded[0] else { return nil }
        let dx = body()
        return includesSelf ? dx : rule.cleared(dx)
      }
      func forSource(_ body: () -> Tensor) -> Tensor? { kept.isNeeded[2] ? body() : nil }
      switch kind {
      case .assign:
        return [
          kept.isNeeded[0] ? rule.cleared(dz) : nil, nil, forSource { rule.gathered(dz) },
        ]
      case .sum:
        return [forX { dz }, nil, forSource { rule.gathered(dz) }]
      case .mean:
        let share = dz / rule.counts(like: kept.input(2), dz.dtype, includesSelf)
        return [forX { share }, nil, forSource { rule.gathered(share) }]
      case .amax, .amin:
        let (x, src, y) = (kept.input(0), kept.input(2), kept.output())
        let isResult = src.eq(rule.gathered(y)).to(dz.dtype)
        let own = x.eq(y).to(dz.dtype)
        let share = dz / rule.scattered(.sum, own, isResult)
        return [forX { own * share }, nil, forSource { isResult * rule.gathered(share) }]
      case .prod:
        return rule.product(dz, kept, forX: forX, forSource: forSource)
      }
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (dx, ds) = (tangents[0], tangents[2])
      if dx == nil && ds == nil { return [nil] }
      let (x, src, y) = (inputs[0], inputs[2], outputs[0])
      let rule = ScatterRule(primitive: self, index: inputs[1])
      let zeroX = Tensor.zerosView(source, y.dtype)
      let zeroSource = Tensor.zerosView(src.shape, y.dtype)
      switch kind {
      case .assign, .sum, .mean:
        return bind(self, [dx ?? zeroX, inputs[1], ds ?? zeroSource]).map { $0 }
      case .amax, .amin:
        let isResult = src.eq(rule.gathered(y)).to(y.dtype)
        var own = x.eq(y).to(y.dtype)
        let count = rule.scattered(.sum, own, isResult)
        if !includesSelf { own = rule.cleared(own) }
        return [
          rule.scattered(.sum, own * (dx ?? zeroX), isResult * (ds ?? zeroSource)) / count
        ]
      case .prod:
        return [rule.productTangent(x, src, y, dx, ds)]
      }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(
        Scatter(kind, includesSelf: includesSelf, dim + 1, [size] + source),
        zip(inputs, isBatched).map { $0.batched($1, size) })
    }
  }
}

/// The pieces of which scatter's derivatives are made.
struct ScatterRule {
  let primitive: Primitives.Scatter
  let index: Tensor

  func gathered(_ x: Tensor) -> Tensor {
    bind(Primitives.Gather(primitive.dim, primitive.source), x, index)
  }

  func scattered(
    _ kind: Primitives.ScatterKind, includesSelf: Bool = true, _ x: Tensor, _ source: Tensor
  ) -> Tensor {
    bind(
      Primitives.Scatter(kind, includesSelf: includesSelf, primitive.dim, primitive.source),
      [x, index, source])[0]
  }

  /// x with zeros at the places that the index names.
  func cleared(_ x: Tensor) -> Tensor {
    scattered(.assign, x, Tensor.zerosView(index.shape, x.dtype))
  }

  /// How many elements each mean is of; 1 where nothing was written.
  func counts(like source: Tensor, _ dtype: DType, _ includesSelf: Bool) -> Tensor {
    let ones = Tensor.full([], 1, dtype: dtype)
    let start = includesSelf ? ones : Tensor.full([], 0, dtype: dtype)
    let counts = scattered(
      .sum, start.broadcast(to: primitive.source), ones.broadcast(to: index.shape))
    return includesSelf ? counts : Tensor.where(counts.eq(0), 1, counts)
  }

  /// The product of all other factors of each place, for x and for each source element. Zeros are taken
  /// out and counted, so that nothing is divided by one of them: a place with a single zero factor has a
  /// derivative for that factor alone.
  private func others(_ x: Tensor, _ source: Tensor) -> (x: Tensor, source: Tensor) {
    let dtype = x.dtype
    let included = primitive.includesSelf
    let (xIsZero, sourceIsZero) = (x.eq(0), source.eq(0))
    let ownZeros = included ? xIsZero.to(dtype) : Tensor.zerosView(primitive.source, dtype)
    let zeros = scattered(.sum, ownZeros, sourceIsZero.to(dtype))
    let one = Tensor.full([], 1, dtype: dtype)
    let zero = Tensor.full([], 0, dtype: dtype)
    let x1 = included ? Tensor.where(xIsZero, one, x) : one.broadcast(to: primitive.source)
    let source1 = Tensor.where(sourceIsZero, one, source)
    let product = scattered(.prod, x1, source1)
    let forX = Tensor.where(zeros.eq(ownZeros), product / x1, zero)
    let left = gathered(zeros) - sourceIsZero.to(dtype)
    let forSource = Tensor.where(left.eq(0), gathered(product) / source1, zero)
    return (forX, forSource)
  }

  func product(
    _ dz: Tensor, _ kept: Kept, forX: (() -> Tensor) -> Tensor?,
    forSource: (() -> Tensor) -> Tensor?
  ) -> [Tensor?] {
    let others = others(kept.input(0), kept.input(2))
    return [
      forX { dz * others.x.conjugatedIfComplex }, nil,
      forSource { gathered(dz) * others.source.conjugatedIfComplex },
    ]
  }

  func productTangent(
    _ x: Tensor, _ source: Tensor, _ y: Tensor, _ dx: Tensor?, _ ds: Tensor?
  ) -> Tensor {
    let others = others(x, source)
    var fromX = dx.map { $0 * others.x } ?? Tensor.zerosView(primitive.source, y.dtype)
    if !primitive.includesSelf { fromX = cleared(fromX) }
    guard let ds else { return fromX }
    return scattered(.sum, fromX, ds * others.source)
  }
}

extension Operation {
  static let scatter = Operation(
    "scatter", .indexing, primitives: [Primitives.Scatter.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [2, 2])) {
        $0[0].scatter(dim: 1, index: Tensor([[3, 0], [1, 2]]), src: $0[1])
      },
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [3, 4])) {
        $0[0].scatter(dim: -2, index: Tensor([[2, 0], [0, 1]]), src: $0[1])
      },
      Sample(.uniform(-2...2, [3, 4])) {
        $0[0].scatter(dim: 0, index: Tensor([[2, 0]]), value: 1.5)
      },
      Sample(.uniform(-2...2, []), .uniform(-2...2, [])) {
        $0[0].scatter(dim: 0, index: Tensor(0), src: $0[1])
      },
      Sample(.uniform(-2...2, [3]), .uniform(-2...2, [4]), .integers(0..<3, [4])) {
        $0[0].scatter(dim: 0, index: $0[2], src: $0[1], reduce: .add)
      },
      Sample(.uniform(-2...2, [3]), .uniform(1...2, [4]), .integers(0..<3, [4])) {
        $0[0].scatter(dim: 0, index: $0[2], src: $0[1], reduce: .multiply)
      },
    ])
  static let scatterAdd = Operation(
    "scatterAdd", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<4, [2, 5]), .uniform(-2...2, [3, 5])) {
        $0[0].scatterAdd(dim: 1, index: $0[1], src: $0[2])
      },
      Sample(.complex(-2...2, [3]), .integers(0..<3, [5]), .complex(-2...2, [5])) {
        $0[0].scatterAdd(dim: 0, index: $0[1], src: $0[2])
      },
    ])
  static let scatterReduce = Operation(
    "scatterReduce", .indexing,
    samples: [
      reduction(.sum, true), reduction(.sum, false), reduction(.prod, true),
      reduction(.prod, false), reduction(.mean, true), reduction(.mean, false),
      reduction(.amax, true), reduction(.amax, false), reduction(.amin, true),
      reduction(.amin, false),
    ])

  private static func reduction(_ reduce: ScatterReduction, _ includeSelf: Bool) -> Sample {
    Sample(
      .distinct([2, 3]), .integers(0..<3, [2, 4]), Sample.Input(.distinct(step: 0.3), [2, 4])
    ) {
      $0[0].scatterReduce(
        dim: 1, index: $0[1], src: $0[2], reduce: reduce, includeSelf: includeSelf)
    }
  }
}
