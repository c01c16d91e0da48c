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

/// Adamax: Adam with the largest gradient in place of the mean of squares.
///
///     let optimizer = Adamax(net.parameters, lr: 2e-3)
///
/// m ← β₁ m + (1 − β₁) g, u ← max(β₂ u, |g| + ε), p ← p − lr / (1 − β₁ᵗ) · m / u. Keeps `step`, `exp_avg`,
/// `exp_inf` for each parameter.
///
/// Sources: Kingma and Ba, Adam, section 7, <https://arxiv.org/abs/1412.6980>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html>
public final class Adamax: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - betas: the decays of m and of u; at least 0 and less than 1.
  ///   - eps: added to |g|; at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, maximize: Bool = false, foreach: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("Adamax")
    super.init(
      "Adamax", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Adamax")), .beta1: .number(betas.0), .beta2: .number(betas.1),
        .eps: .number(eps), .weightDecay: .number(weightDecay), .maximize: .flag(maximize),
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
      rule: Primitives.AdamaxStep(maximize: group[flag: .maximize]), counts: [.count("step")],
      buffers: [Kept("exp_avg"), Kept("exp_inf")])
  }
}

extension Primitives {
  struct AdamaxStep: UpdateRule {
    static let name = "adamax"
    static var kernel: kb_optim_rule { KB_OPTIM_ADAMAX }
    var maximize: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, beta1, beta2, eps, decay) = (h[0], h[1], h[2], h[3], h[4])
      counts[0] += 1
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr)
      (plan.c[1], plan.c[2], plan.c[3]) = (1 - beta1, beta2, eps)
      plan.c[4] = -(lr / (1 - pow(beta1, counts[0])))
      return plan
    }
  }
}
