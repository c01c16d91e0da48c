import KobaiTensor

/// The difference of each element of input and target, squared where it is below `beta`:
/// d² / (2 beta), and |d| − beta / 2 from there on.
///
///     smoothL1Loss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction: .none)   // tensor([0.1250, 2.5000])
///
/// - Parameter beta: 0 makes it `l1Loss`; not negative.
public func smoothL1Loss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean, beta: Double = 1
) -> Tensor {
  guard beta >= 0 else {
    return misuse("smoothL1Loss: does not support negative values for beta, but beta is \(beta)")
  }
  if beta == 0 { return l1Loss(input, target, reduction: reduction) }
  guard let operands = LossOperands("smoothL1Loss", input, target) else { return .poison }
  let elements = (operands.x - operands.y).smoothMagnitude("smoothL1Loss", beta: beta, scale: 1)
  return operands.finish(elements, reduction, weight: nil, of: input)
}

/// The difference of each element of input and target, squared where it is at most `delta`:
/// d² / 2, and delta · (|d| − delta / 2) beyond.
///
///     huberLoss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction: .none)   // tensor([0.1250, 2.5000])
///
/// - Parameters:
///   - delta: positive.
///   - weight: of the input's shape, a factor for each element; a mean divides by their number.
public func huberLoss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean, delta: Double = 1,
  weight: Tensor? = nil
) -> Tensor {
  guard delta > 0 else {
    return misuse("huberLoss: does not support non-positive values for delta, but it is \(delta)")
  }
  guard let operands = LossOperands("huberLoss", input, target) else { return .poison }
  let elements = (operands.x - operands.y).smoothMagnitude("huberLoss", beta: delta, scale: delta)
  return operands.finish(
    elements, reduction, weight: weight, of: input, dividingByWeight: false)
}

extension Tensor {
  fileprivate func smoothMagnitude(_ name: String, beta: Double, scale: Double) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse("\(name): not implemented for \(dtype); convert with .to(.float32)")
    }
    return bind(Primitives.SmoothMagnitude(beta, scale), self)
  }
}

extension Primitives {
  /// scale · (d² / (2 beta) or |d| − beta / 2). One primitive, as a choice between two expressions would
  /// give NaN for the gradient at infinity.
  public struct SmoothMagnitude: Activation {
    public static let name = "smoothMagnitude"
    let beta, scale: Double
    public let program: Program

    init(_ beta: Double, _ scale: Double) {
      self.beta = beta
      self.scale = scale
      program = Self.valueProgram(beta, scale / beta)
    }
    // With m = min(|d|, beta) both pieces are (|d| - m / 2) · m / beta, and their slopes d within ±beta. The quotient
    // first, or the product might overflow.
    private static let valueProgram = Program.Template.unary(2) { d, p in
      let magnitude = ElementwiseExpression.abs(d)
      let bounded = ElementwiseExpression.minimum(magnitude, p[0])
      return (magnitude - bounded * 0.5) * (bounded * p[1])
    }
    public var slope: Program { Self.slopeProgram(-beta, beta, scale / beta) }
    private static let slopeProgram = Program.Template.binary(3) { dy, d, p in
      dy * (.clamp(d, p[0], p[1]) * p[2])
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      Tensor.where(x.abs().lt(beta), x * (scale / beta), x.sign() * scale)
    }
    public func curvature(_ x: Tensor) -> Tensor {
      x.abs().lt(beta).to(x.dtype) * (scale / beta)
    }
  }
}

extension Operation {
  static let smoothL1Loss = Operation(
    "smoothL1Loss", .loss, primitives: [Primitives.SmoothMagnitude.self],
    samples: [
      Sample(.distinct([3, 4]), .uniform(-0.1...0.1, [3, 4])) {
        KobaiOperators.smoothL1Loss($0[0], $0[1])
      },
      Sample(.distinct([3, 4]), .uniform(-0.1...0.1, [4])) {
        KobaiOperators.smoothL1Loss($0[0], $0[1], reduction: .none, beta: 0.5)
      },
      Sample(.distinct(), .uniform(-0.1...0.1)) {
        KobaiOperators.smoothL1Loss($0[0], $0[1], reduction: .sum, beta: 0)
      },
    ])

  static let huberLoss = Operation(
    "huberLoss", .loss,
    samples: [
      Sample(.distinct([3, 4]), .uniform(-0.1...0.1, [3, 4])) {
        KobaiOperators.huberLoss($0[0], $0[1], delta: 0.6)
      },
      Sample(.distinct(), .uniform(-0.1...0.1), .uniform(0.5...2)) {
        KobaiOperators.huberLoss($0[0], $0[1], weight: $0[2])
      },
    ])
}
