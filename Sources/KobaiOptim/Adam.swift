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

/// Adam: steps scaled by running means of the gradient and of its square.
///
///     let optimizer = Adam(net.parameters, lr: 1e-3)
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², p ← p − lr m̂ / (√v̂ + ε), where m̂ = m / (1 − β₁ᵗ) and
/// v̂ = v / (1 − β₂ᵗ). Keeps `step`, `exp_avg`, `exp_avg_sq` (and `max_exp_avg_sq` with `amsgrad`) for each
/// parameter.
///
/// Sources: Kingma and Ba, Adam: A Method for Stochastic Optimization, <https://arxiv.org/abs/1412.6980>;
/// Reddi et al. for amsgrad, <https://openreview.net/forum?id=ryQu7f-RZ>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Adam.html>
public class Adam: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - betas: the decays of the means of g and of g²; at least 0 and less than 1.
  ///   - eps: added to the denominator, after the bias is corrected; at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - amsgrad: uses the largest v so far.
  ///   - maximize: whether the objective is to grow.
  ///   - decoupledWeightDecay: p ← (1 − lr · weightDecay) p first, as `AdamW` does.
  ///   - foreach, fused, capturable: promise nothing here: the step is always fused.
  public convenience init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false,
    decoupledWeightDecay: Bool = false, foreach: Bool? = nil, fused: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(
      foreach: foreach, fused: fused, capturable: capturable, differentiable: differentiable,
      hasTensorRate: lr is Tensor
    ).check("Adam")
    self.init(
      "Adam", P.groups(params), lr: rate(lr, "Adam"), betas: betas, eps: eps,
      weightDecay: weightDecay, amsgrad: amsgrad, maximize: maximize,
      decoupled: decoupledWeightDecay)
  }

  init(
    _ name: String, _ groups: [ParameterGroup], lr: Double, betas: (Double, Double), eps: Double,
    weightDecay: Double, amsgrad: Bool, maximize: Bool, decoupled: Bool
  ) {
    super.init(
      name, groups,
      defaults: [
        .lr: .number(lr), .beta1: .number(betas.0), .beta2: .number(betas.1), .eps: .number(eps),
        .weightDecay: .number(weightDecay), .amsgrad: .flag(amsgrad), .maximize: .flag(maximize),
        .decoupledWeightDecay: .flag(decoupled),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.eps, "epsilon", name)
    group.checkBetas(name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    let amsgrad = group[flag: .amsgrad]
    return Recipe(
      rule: Primitives.AdamStep(
        amsgrad: amsgrad, maximize: group[flag: .maximize],
        isDecoupled: group[flag: .decoupledWeightDecay]),
      counts: [.count("step")],
      buffers: [Kept("exp_avg"), Kept("exp_avg_sq")] + (amsgrad ? [Kept("max_exp_avg_sq")] : []))
  }
}

/// Adam with decoupled weight decay: p ← (1 − lr · weightDecay) p before each step.
///
///     let optimizer = AdamW(net.parameters, lr: 1e-3, weightDecay: 0.01)
///
/// Sources: Loshchilov and Hutter, Decoupled Weight Decay Regularization,
/// <https://arxiv.org/abs/1711.05101>; <https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html>
public final class AdamW: Adam {
  /// - Parameters: as those of `Adam`, but `weightDecay` is the decay itself.
  public convenience init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false,
    foreach: Bool? = nil, fused: Bool? = nil, capturable: Bool = false,
    differentiable: Bool = false
  ) {
    ImplementationFlags(
      foreach: foreach, fused: fused, capturable: capturable, differentiable: differentiable,
      hasTensorRate: lr is Tensor
    ).check("AdamW")
    self.init(
      "AdamW", P.groups(params), lr: rate(lr, "AdamW"), betas: betas, eps: eps,
      weightDecay: weightDecay, amsgrad: amsgrad, maximize: maximize, decoupled: true)
  }
}

extension UpdatePlan {
  /// Sign and weight decay, as most rules begin.
  init(maximize: Bool, decay: Double, lr: Double, isDecoupled: Bool = false) {
    set(KB_OPTIM_MAXIMIZE, if: maximize)
    if decay != 0 { set(isDecoupled ? KB_OPTIM_DECOUPLED : KB_OPTIM_DECAY) }
    c[0] = isDecoupled ? 1 - lr * decay : decay
  }
}

extension Primitives {
  struct AdamStep: UpdateRule {
    static let name = "adam"
    static var kernel: kb_optim_rule { KB_OPTIM_ADAM }
    var amsgrad: Bool
    var maximize: Bool
    var isDecoupled: Bool

    var countCount: Int { 1 }
    var places: [Int] { amsgrad ? [0, 1, 2] : [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, beta1, beta2, eps, decay) = (h[0], h[1], h[2], h[3], h[4])
      counts[0] += 1
      let step = counts[0]
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr, isDecoupled: isDecoupled)
      plan.set(KB_OPTIM_AMSGRAD, if: amsgrad)
      plan.c[1] = 1 - beta1
      plan.c[2] = beta2
      plan.c[3] = 1 - beta2
      plan.c[4] = pow(1 - pow(beta2, step), 0.5)
      plan.c[5] = eps
      plan.c[6] = -(lr / (1 - pow(beta1, step)))
      return plan
    }
  }
}
