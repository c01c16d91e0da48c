import CKernels
import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// The decay of RMSprop's mean of squared gradients; the power in ASGD's schedule.
  public static let alpha: Hyperparameter = "alpha"
  /// Whether RMSprop divides by the standard deviation rather than the root of the mean square.
  public static let centered: Hyperparameter = "centered"
}

/// RMSprop: steps divided by the root of a running mean of squared gradients.
///
///     let optimizer = RMSprop(net.parameters, lr: 1e-3)
///
/// v ← α v + (1 − α) g², p ← p − lr g / (√v + ε). With `centered` the variance takes the place of v; with
/// momentum the quotient is accumulated first. Keeps `step`, `square_avg` (and `momentum_buffer`,
/// `grad_avg` if used) for each parameter.
///
/// Sources: Hinton, Neural Networks for Machine Learning, lecture 6e,
/// <https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html>
public final class RMSprop: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - alpha: the decay of the mean; at least 0.
  ///   - eps: added to the denominator; at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - momentum: at least 0.
  ///   - centered: divides by the standard deviation.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8,
    weightDecay: Double = 0, momentum: Double = 0, centered: Bool = false, maximize: Bool = false,
    foreach: Bool? = nil, capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("RMSprop")
    super.init(
      "RMSprop", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "RMSprop")), .alpha: .number(alpha), .eps: .number(eps),
        .weightDecay: .number(weightDecay), .momentum: .number(momentum),
        .centered: .flag(centered), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.eps, "epsilon", name)
    group.checkAtLeastZero(.momentum, "momentum", name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
    group.checkAtLeastZero(.alpha, "alpha", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    let rule = Primitives.RMSpropStep(
      hasMomentum: group[number: .momentum] > 0, centered: group[flag: .centered],
      maximize: group[flag: .maximize])
    return Recipe(
      rule: rule, counts: [.count("step")],
      buffers: rule.places.map { Kept(["square_avg", "momentum_buffer", "grad_avg"][$0]) })
  }
}

extension Primitives {
  struct RMSpropStep: UpdateRule {
    static let name = "rmsprop"
    static var kernel: kb_optim_rule { KB_OPTIM_RMSPROP }
    var hasMomentum: Bool
    var centered: Bool
    var maximize: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0] + (hasMomentum ? [1] : []) + (centered ? [2] : []) }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, alpha, eps, decay, momentum) = (h[0], h[1], h[2], h[3], h[4])
      counts[0] += 1
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr)
      plan.set(KB_OPTIM_MOMENTUM, if: hasMomentum)
      plan.set(KB_OPTIM_CENTERED, if: centered)
      (plan.c[1], plan.c[2], plan.c[3]) = (alpha, 1 - alpha, eps)
      (plan.c[4], plan.c[5]) = (momentum, -lr)
      return plan
    }
  }
}
