import CKernels
import KobaiOperators
import KobaiTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// RAdam: Adam whose adaptive step waits until the variance of v can be trusted.
///
///     let optimizer = RAdam(net.parameters, lr: 1e-3)
///
/// With ρ∞ = 2 / (1 − β₂) − 1 and ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ): p ← p − lr m̂ r / (√v̂ + ε) once ρₜ > 5, where
/// r² = (ρₜ − 4)(ρₜ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρₜ); before, p ← p − lr m̂. Keeps `step`, `exp_avg`,
/// `exp_avg_sq` for each parameter.
///
/// Sources: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond,
/// <https://arxiv.org/abs/1908.03265>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html>
public final class RAdam: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - betas: the decays of the means; at least 0 and less than 1.
  ///   - eps: added to the denominator; at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - decoupledWeightDecay: p ← (1 − lr · weightDecay) p first, as in `AdamW`.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, decoupledWeightDecay: Bool = false,
    maximize: Bool = false, foreach: Bool? = nil, capturable: Bool = false,
    differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("RAdam")
    super.init(
      "RAdam", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "RAdam")), .beta1: .number(betas.0), .beta2: .number(betas.1),
        .eps: .number(eps), .weightDecay: .number(weightDecay),
        .decoupledWeightDecay: .flag(decoupledWeightDecay), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.eps, "epsilon", name)
    group.checkBetas(name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.RAdamStep(
        maximize: group[flag: .maximize], isDecoupled: group[flag: .decoupledWeightDecay]),
      counts: [.count("step")], buffers: [Kept("exp_avg"), Kept("exp_avg_sq")])
  }
}

extension Primitives {
  struct RAdamStep: UpdateRule {
    static let name = "radam"
    static var kernel: kb_optim_rule { KB_OPTIM_RADAM }
    var maximize: Bool
    var isDecoupled: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, beta1, beta2, eps, decay) = (h[0], h[1], h[2], h[3], h[4])
      counts[0] += 1
      let step = counts[0]
      let correction = 1 - pow(beta2, step)
      let limit = 2 / (1 - beta2) - 1
      let length = limit - 2 * step * pow(beta2, step) / correction
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr, isDecoupled: isDecoupled)
      (plan.c[1], plan.c[2], plan.c[3]) = (1 - beta1, beta2, 1 - beta2)
      (plan.c[4], plan.c[5], plan.c[6]) = (1 - pow(beta1, step), eps, lr)
      if length > 5 {
        plan.set(KB_OPTIM_RECTIFIED)
        plan.c[7] = pow(correction, 0.5)
        plan.c[8] = pow(
          (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length), 0.5)
      }
      return plan
    }
  }
}
