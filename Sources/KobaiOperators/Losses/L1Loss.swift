import KobaiTensor

/// The magnitude of the difference of each element of input and target.
///
///     l1Loss(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))   // tensor(1.)
///
/// - Parameters:
///   - target: of the input's shape; shapes that differ broadcast.
///   - weight: of the input's shape, a factor for each element; a mean divides by its sum.
/// - Returns: real also for complex input. The gradient at equal elements is 0.
public func l1Loss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean, weight: Tensor? = nil
) -> Tensor {
  guard let operands = LossOperands("l1Loss", input, target) else { return .poison }
  return operands.finish((operands.x - operands.y).abs(), reduction, weight: weight, of: input)
}

extension Operation {
  static let l1Loss = Operation(
    "l1Loss", .loss,
    samples: [
      Sample(.distinct(), .uniform(-0.1...0.1)) { KobaiOperators.l1Loss($0[0], $0[1]) },
      Sample(.distinct(), .uniform(-0.1...0.1, [3])) {
        KobaiOperators.l1Loss($0[0], $0[1], reduction: .none)
      },
      Sample(.distinct(), .uniform(-0.1...0.1), .uniform(0.5...2)) {
        KobaiOperators.l1Loss($0[0], $0[1], weight: $0[2])
      },
      Sample(.complex(), .complex(3...4)) {
        KobaiOperators.l1Loss($0[0], $0[1], reduction: .sum)
      },
    ])
}
