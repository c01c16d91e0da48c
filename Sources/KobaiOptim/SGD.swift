import CKernels
import KobaiOperators
import KobaiTensor

/// Stochastic gradient descent, with momentum if asked for.
///
///     let optimizer = SGD(net.parameters, lr: 0.1, momentum: 0.9)
///
/// With momentum μ: b ← μ b + (1 − dampening) g, p ← p − lr b, where b starts as the first gradient; with
/// `nesterov`: p ← p − lr (g + μ b). Keeps `momentum_buffer` (and `step`) for each parameter if momentum is
/// not 0.
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.SGD.html>
public final class SGD: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - momentum: at least 0.
  ///   - dampening: how much less of the gradient enters the momentum.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - nesterov: looks one step ahead; needs momentum and no dampening.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, fused: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, momentum: Double = 0, dampening: Double = 0,
    weightDecay: Double = 0, nesterov: Bool = false, maximize: Bool = false, foreach: Bool? = nil,
    fused: Bool? = nil, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, fused: fused, differentiable: differentiable)
      .check("SGD")
    super.init(
      "SGD", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "SGD")), .momentum: .number(momentum),
        .dampening: .number(dampening), .weightDecay: .number(weightDecay),
        .nesterov: .flag(nesterov), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.momentum, "momentum", name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
    check(
      !group[flag: .nesterov] || group[number: .momentum] > 0 && group[number: .dampening] == 0,
      name, "Nesterov momentum requires a momentum and zero dampening")
  }

  /// PyTorch's momentum has no count: where there is a buffer, it is not the first step.
  override func stateWasLoaded() {
    super.stateWasLoaded()
    for parameter in parameterGroups.flatMap(\.states) {
      guard let kept = knownState(of: parameter), kept["momentum_buffer"] != nil,
        kept["step"] == nil
      else { continue }
      kept["step"] = Tensor(.number(1))
    }
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    let hasMomentum = group[number: .momentum] != 0
    return Recipe(
      rule: Primitives.SGDStep(
        hasMomentum: hasMomentum, nesterov: group[flag: .nesterov],
        maximize: group[flag: .maximize]),
      counts: hasMomentum ? [.count("step")] : [],
      buffers: hasMomentum ? [Kept("momentum_buffer")] : [])
  }
}

extension Primitives {
  struct SGDStep: UpdateRule {
    static let name = "sgd"
    static var kernel: kb_optim_rule { KB_OPTIM_SGD }
    var hasMomentum: Bool
    var nesterov: Bool
    var maximize: Bool

    var countCount: Int { hasMomentum ? 1 : 0 }
    var places: [Int] { hasMomentum ? [0] : [] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, momentum, dampening, decay) = (h[0], h[1], h[2], h[3])
      var plan = UpdatePlan()
      plan.set(KB_OPTIM_MAXIMIZE, if: maximize)
      plan.set(KB_OPTIM_DECAY, if: decay != 0)
      plan.set(KB_OPTIM_NESTEROV, if: nesterov)
      if hasMomentum {
        plan.set(KB_OPTIM_MOMENTUM)
        plan.set(KB_OPTIM_FIRST, if: counts[0] == 0)
        counts[0] += 1
      }
      (plan.c[0], plan.c[1], plan.c[2], plan.c[3]) = (decay, momentum, 1 - dampening, -lr)
      return plan
    }
  }
}
