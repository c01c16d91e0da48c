import KobaiTensor

/// An operation's entry in the table: what the law tests and the documentation read. Not public: a
/// program that imports Foundation has another `Operation`.
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
package struct Operation: Sendable {
  /// Where the operation's file lies, and what the table groups by.
  package enum Family: String, Sendable, CaseIterable {
    case creation, elementwise, reduction, movement, indexing, contraction, pooling, normalization
    case random, loss, composed
  }

  /// The name of the method, as users write it: `logSoftmax`.
  package let name: String
  package let family: Family
  /// The primitives that its file declares; empty for a composed operation.
  package let primitives: [any Primitive.Type]
  /// Calls with inputs, from which all laws are tested.
  package let samples: [Sample]
  /// Laws that the operation is known not to keep, each with the reason. The law tests check that the
  /// list is exact.
  package let gaps: [Law: String]

  package init(
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
package enum Law: String, Sendable, CaseIterable {
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
  /// Strided, transposed and broadcast inputs give what contiguous ones give; where numbers are drawn
  /// in the order of memory, those in this order.
  case layouts
  /// A traced graph gives the same bits.
  case tracing
  /// Only declared values are kept, and they suffice.
  case residuals
}

/// One call of an operation on inputs that the law tests make up.
package struct Sample: Sendable {
  /// One tensor argument.
  package struct Input: Sendable {
    package enum Elements: Sendable {
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
    package let elements: Elements
    package let shape: Shape
    package let dtype: DType
    /// Whether derivatives with respect to it are tested.
    package let isDifferentiated: Bool

    package init(
      _ elements: Elements, _ shape: Shape, dtype: DType = .float64, isDifferentiated: Bool = true
    ) {
      self.elements = elements
      self.shape = shape
      self.dtype = dtype
      self.isDifferentiated = isDifferentiated && dtype.isDifferentiable
    }

    /// Floating point numbers, differentiated.
    package static func uniform(
      _ range: ClosedRange<Double> = -2...2, _ shape: Shape = [2, 3]
    ) -> Input { Input(.uniform(range), shape) }
    /// Floating point numbers without ties, differentiated.
    package static func distinct(_ shape: Shape = [2, 3], step: Double = 0.25) -> Input {
      Input(.distinct(step: step), shape)
    }
    /// int64 numbers.
    package static func integers(_ range: Range<Int>, _ shape: Shape) -> Input {
      Input(.integers(range), shape, dtype: .int64)
    }
    package static func bools(_ shape: Shape = [2, 3]) -> Input {
      Input(.bools, shape, dtype: .bool)
    }
    /// Given numbers, differentiated.
    package static func values(_ values: [Double], _ shape: Shape) -> Input {
      Input(.values(values), shape)
    }
    /// NaN, infinities, zeros of both signs, extremes: only values are compared.
    package static let special = Input(
      .values([.nan, .infinity, -.infinity, 0.0, -0.0, 1, -1, 1e-30, -1e30, 88]), [10],
      isDifferentiated: false)
    /// Complex numbers with parts in the range, differentiated.
    package static func complex(
      _ range: ClosedRange<Double> = -2...2, _ shape: Shape = [2, 3]
    ) -> Input { Input(.uniform(range), shape, dtype: .complex128) }
  }

  package let inputs: [Input]
  package let call: @Sendable ([Tensor]) -> [Tensor]
  /// Whether random numbers are drawn into the results in the order in which the inputs lie in memory,
  /// as PyTorch does: then the transposed view of a tensor gives the transposed result.
  package let drawsInMemoryOrder: Bool

  /// A call with several results.
  package init(_ inputs: Input..., results: @escaping @Sendable ([Tensor]) -> [Tensor]) {
    self.inputs = inputs
    call = results
    drawsInMemoryOrder = false
  }

  /// A call with one result.
  package init(
    _ inputs: Input..., drawsInMemoryOrder: Bool = false,
    call: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.inputs = inputs
    self.call = { [call($0)] }
    self.drawsInMemoryOrder = drawsInMemoryOrder
  }
}
