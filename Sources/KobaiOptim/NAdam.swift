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

extension Hyperparameter {
  /// How fast the momentum of NAdam approaches β₁.
  public static let momentumDecay: Hyperparameter = "momentum_decay"
}

/// NAdam: Adam with Nesterov momentum.
///
///     let optimizer = NAdam(net.parameters, lr: 2e-3)
///
/// With μₜ = β₁ (1 − ½ · 0.96^(t ψ)), ψ the momentum decay, and Πₜ = μ₁ ⋯ μₜ:
/// p ← p − lr ((1 − μₜ) / (1 − Πₜ) g + μₜ₊₁ / (1 − Πₜ₊₁) m) / (√v̂ + ε), m and v̂ as in `Adam`. Keeps `step`,
/// `mu_product`, `exp_avg`, `exp_avg_sq` for each parameter.
///
/// Sources: Dozat, Incorporating Nesterov Momentum into Adam,
/// <https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.NAdam.html>
public final class NAdam: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - betas: the decays of the means; at least 0 and less than 1.
  ///   - eps: added to the denominator; at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - momentumDecay: at least 0.
  ///   - decoupledWeightDecay: p ← (1 − lr · weightDecay) p first, as in `AdamW`.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3,
    decoupledWeightDecay: Bool = false, maximize: Bool = false, foreach: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("NAdam")
    super.init(
      "NAdam", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "NAdam")), .beta1: .number(betas.0), .beta2: .number(betas.1),
        .eps: .number(eps), .weightDecay: .number(weightDecay),
        .momentumDecay: .number(momentumDecay), .decoupledWeightDecay: .flag(decoupledWeightDecay),
        .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.eps, "epsilon", name)
    group.checkBetas(name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
    group.checkAtLeastZero(.momentumDecay, "momentum_decay", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.NAdamStep(
        maximize: group[flag: .maximize], isDecoupled: group[flag: .decoupledWeightDecay]),
      counts: [.count("step"), .count("mu_product", 1)],
      buffers: [Kept("exp_avg"), Kept("exp_avg_sq")])
  }
}

extension Primitives {
  struct NAdamStep: UpdateRule {
    static let name = "nadam"
    static var kernel: kb_optim_rule { KB_OPTIM_NADAM }
    var maximize: Bool
    var isDecoupled: Bool

    var countCount: Int { 2 }
    var places: [Int] { [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, beta1, beta2, eps, decay, momentumDecay) = (h[0], h[1], h[2], h[3], h[4], h[5])
      counts[0] += 1
      let step = counts[0]
      let mu = beta1 * (1 - 0.5 * pow(0.96, step * momentumDecay))
      let next = beta1 * (1 - 0.5 * pow(0.96, (step + 1) * momentumDecay))
      // The product is kept in float32, as its state is.
      let product = Double(Float(counts[1] * mu))
      counts[1] = product
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr, isDecoupled: isDecoupled)
      (plan.c[1], plan.c[2], plan.c[3]) = (1 - beta1, beta2, 1 - beta2)
      (plan.c[4], plan.c[5]) = (1 - pow(beta2, step), eps)
      plan.c[6] = -lr * (1 - mu) / (1 - product)
      plan.c[7] = -lr * next / (1 - product * next)
      return plan
    }
  }
}
