import KobaiTensor

/// The squared difference of each element of input and target.
///
///     mseLoss(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))   // tensor(2.)
///
/// - Parameters:
///   - target: of the input's shape; shapes that differ broadcast.
///   - weight: of the input's shape, a factor for each element; a mean divides by its sum.
/// - Returns: NaN for the mean of nothing.
public func mseLoss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil
) -> Tensor {
  guard let operands = LossOperands("mseLoss", input, target) else { return .poison }
  return operands.finish((operands.x - operands.y).square(), reduction, weight: weight, of: input)
}

extension Operation {
  static let mseLoss = Operation(
    "mseLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform()) { KobaiOperators.mseLoss($0[0], $0[1]) },
      Sample(.uniform(), .uniform(-2...2, [3])) {
        KobaiOperators.mseLoss($0[0], $0[1], reduction: .none)
      },
      Sample(.uniform(), .uniform(), .uniform(0.5...2)) {
        KobaiOperators.mseLoss($0[0], $0[1], weight: $0[2])
      },
      Sample(.uniform(-2...2, []), .uniform(-2...2, [])) {
        KobaiOperators.mseLoss($0[0], $0[1], reduction: .sum)
      },
      Sample(.uniform(-2...2, [0]), .uniform(-2...2, [0])) {
        KobaiOperators.mseLoss($0[0], $0[1], reduction: .sum)
      },
    ])
}
