import KobaiTensor

/// The negative log likelihood of counts under Poisson distributions.
///
/// - Parameters:
///   - logInput: whether the input is the logarithm of the rate: exp(x) − t · x, else x − t · log(x + eps).
///   - full: adds Stirling's approximation of log t! for targets above 1.
public func poissonNLLLoss(
  _ input: Tensor, _ target: Tensor, logInput: Bool = true, full: Bool = false, eps: Double = 1e-8,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let operands = LossOperands("poissonNLLLoss", input, target) else { return .poison }
  let (x, t) = (operands.x, operands.y)
  var elements = logInput ? x.exp() - t * x : x - t * (x + eps).log()
  if full {
    let stirling = t * t.log() - t + 0.5 * (2 * Double.pi * t).log()
    elements = elements + Tensor.where(t.le(1), Tensor.zeros(like: stirling), stirling)
  }
  return operands.finish(elements, reduction, weight: nil, of: input)
}

/// The negative log likelihood under normal distributions: (log var + (x − t)² / var) / 2.
///
/// - Parameters:
///   - variance: of the input's shape, or of size 1 in one dimension, or without the last one. Not negative.
///   - full: adds log(2π) / 2.
///   - eps: the smallest variance; where it takes effect, gradients pass through.
public func gaussianNLLLoss(
  _ input: Tensor, _ target: Tensor, variance: Tensor, full: Bool = false, eps: Double = 1e-6,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let operands = LossOperands("gaussianNLLLoss", input, target) else { return .poison }
  var v = variance
  let (shape, sizes) = (input.shape, v.shape)
  if sizes != shape {
    if sizes == Array(shape.dropLast()) {
      v = v.unsqueeze(-1)
    } else if !(sizes.count <= 1 && v.count == 1) && !isBroadcast(sizes, in: shape) {
      return misuse(
        "gaussianNLLLoss: var is of incorrect size: \(sizes) for an input of shape \(shape)")
    }
  }
  if v.current.value.meta.isPlain, v.lt(0).any().item(as: Bool.self) {
    return misuse("gaussianNLLLoss: var has negative entry/entries")
  }
  // The bound holds for the value only: the gradient is that of the given variance.
  v = v + (v.clampMin(eps) - v).detach()
  let difference = operands.x - operands.y
  var elements = 0.5 * (v.log() + difference * difference / v)
  if full { elements = elements + 0.9189385332046727 }  // log(2π) / 2
  return operands.finish(elements, reduction, weight: nil, of: input)
}

/// Whether the sizes differ in one dimension, where there is a single variance.
private func isBroadcast(_ sizes: Shape, in shape: Shape) -> Bool {
  sizes.count == shape.count && zip(sizes, shape).filter { $0 != $1 }.map(\.0) == [1]
}

extension Operation {
  static let poissonNLLLoss = Operation(
    "poissonNLLLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform(1.5...3)) {
        KobaiOperators.poissonNLLLoss($0[0], $0[1], full: true)
      },
      Sample(.uniform(0.5...2), .uniform(0.1...3)) {
        KobaiOperators.poissonNLLLoss($0[0], $0[1], logInput: false, reduction: .none)
      },
    ])

  static let gaussianNLLLoss = Operation(
    "gaussianNLLLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform(), .uniform(0.5...2)) {
        KobaiOperators.gaussianNLLLoss($0[0], $0[1], variance: $0[2], full: true)
      },
      Sample(.uniform(), .uniform(), .uniform(0.5...2, [2])) {
        KobaiOperators.gaussianNLLLoss($0[0], $0[1], variance: $0[2], reduction: .none)
      },
    ])
}
