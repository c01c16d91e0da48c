import KobaiTensor

/// An operation's entry in the table: what the law tests, the documentation and tools read.
///
/// Every operation's file declares one, and `Operation.all` lists them:
///
///     extension Operation {
///       static let tanh = Operation(
///         "tanh", .elementwise, primitives: [Primitives.Tanh.self],
///         samples: [
///           Sample(.uniform(-3...3)) { $0[0].tanh() },
///           Sample(.special) { $0[0].tanh() },
///         ])
///     }
public struct Operation: Sendable {
  /// Where the operation's file lies, and what the table groups by.
  public enum Family: String, Sendable, CaseIterable {
    case creation, elementwise, reduction, movement, indexing, contraction, pooling, normalization
    case random, loss, composed
  }

  /// The name of the method, as users write it: `logSoftmax`.
  public let name: String
  public let family: Family
  /// The primitives that its file declares; empty for a composed operation.
  public let primitives: [any Primitive.Type]
  /// Calls with inputs, from which all laws are tested.
  public let samples: [Sample]
  /// Laws that the operation is known not to keep, each with the reason. The law tests check that the
  /// list is exact.
  public let gaps: [Law: String]

  public init(
    _ name: String, _ family: Family, primitives: [any Primitive.Type] = [], samples: [Sample],
    gaps: [Law: String] = [:]
  ) {
    self.name = name
    self.family = family
    self.primitives = primitives
    self.samples = samples
    self.gaps = gaps
  }
}

/// What is true of every operation; see OperatorLawTests.
public enum Law: String, Sendable, CaseIterable {
  /// float32 agrees with float64.
  case precision
  /// The forward derivative agrees with finite differences of the values.
  case forward
  /// ⟨u, Jv⟩ = ⟨Jᵀu, v⟩: reverse mode is the transpose of forward mode.
  case reverse
  /// The same of the gradient as a function.
  case secondOrder
  /// vmap is a loop and a stack.
  case batching
  /// Strided, transposed and broadcast inputs give what contiguous ones give.
  case layouts
  /// A traced graph gives the same bits.
  case tracing
  /// Only declared values are kept, and they suffice.
  case residuals
}

/// One call of an operation on inputs that the law tests make up.
public struct Sample: Sendable {
  /// One tensor argument.
  public struct Input: Sendable {
    public enum Elements: Sendable {
      /// Uniform in the range.
      case uniform(ClosedRange<Double>)
      /// Numbers at distances of a step, shuffled, their magnitudes at distances of at least half of it:
      /// no ties even after a small change.
      case distinct(step: Double)
      /// Integers in the range.
      case integers(Range<Int>)
      /// Random bools.
      case bools
      /// These, row after row.
      case values([Double])
    }
    public let elements: Elements
    public let shape: Shape
    public let dtype: DType
    /// Whether derivatives with respect to it are tested.
    public let isDifferentiated: Bool

    public init(
      _ elements: Elements, _ shape: Shape, dtype: DType = .float64, isDifferentiated: Bool = true
    ) {
      self.elements = elements
      self.shape = shape
      self.dtype = dtype
      self.isDifferentiated = isDifferentiated && dtype.isDifferentiable
    }

    /// Floating point numbers, differentiated.
    public static func uniform(
      _ range: ClosedRange<Double> = -2...2, _ shape: Shape = [2, 3]
    ) -> Input { Input(.uniform(range), shape) }
    /// Floating point numbers without ties, differentiated.
    public static func distinct(_ shape: Shape = [2, 3], step: Double = 0.25) -> Input {
      Input(.distinct(step: step), shape)
    }
    /// int64 numbers.
    public static func integers(_ range: Range<Int>, _ shape: Shape) -> Input {
      Input(.integers(range), shape, dtype: .int64)
    }
    public static func bools(_ shape: Shape = [2, 3]) -> Input {
      Input(.bools, shape, dtype: .bool)
    }
    /// Given numbers, differentiated.
    public static func values(_ values: [Double], _ shape: Shape) -> Input {
      Input(.values(values), shape)
    }
    /// NaN, infinities, zeros of both signs, extremes: only values are compared.
    public static let special = Input(
      .values([.nan, .infinity, -.infinity, 0.0, -0.0, 1, -1, 1e-30, -1e30, 88]), [10],
      isDifferentiated: false)
    /// Complex numbers with parts in the range, differentiated.
    public static func complex(
      _ range: ClosedRange<Double> = -2...2, _ shape: Shape = [2, 3]
    ) -> Input { Input(.uniform(range), shape, dtype: .complex128) }
  }

  public let inputs: [Input]
  public let call: @Sendable ([Tensor]) -> [Tensor]

  /// A call with several results.
  public init(_ inputs: Input..., results: @escaping @Sendable ([Tensor]) -> [Tensor]) {
    self.inputs = inputs
    call = results
  }

  /// A call with one result.
  public init(_ inputs: Input..., call: @escaping @Sendable ([Tensor]) -> Tensor) {
    self.inputs = inputs
    self.call = { [call($0)] }
  }
}
