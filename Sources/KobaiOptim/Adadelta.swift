import CKernels
import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// The decay of Adadelta's running means.
  public static let rho: Hyperparameter = "rho"
}

/// Adadelta: steps in the parameter's own units, from running means of squared gradients and squared steps.
///
///     let optimizer = Adadelta(net.parameters)
///
/// v ← ρ v + (1 − ρ) g², Δ = √(u + ε) / √(v + ε) g, u ← ρ u + (1 − ρ) Δ², p ← p − lr Δ. Keeps `step`,
/// `square_avg` (v), `acc_delta` (u) for each parameter.
///
/// Sources: Zeiler, ADADELTA: An Adaptive Learning Rate Method, <https://arxiv.org/abs/1212.5701>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html>
public final class Adadelta: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: scales the steps; at least 0.
  ///   - rho: the decay of the means; between 0 and 1.
  ///   - eps: at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1.0, rho: Double = 0.9, eps: Double = 1e-6,
    weightDecay: Double = 0, maximize: Bool = false, foreach: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("Adadelta")
    super.init(
      "Adadelta", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Adadelta")), .rho: .number(rho), .eps: .number(eps),
        .weightDecay: .number(weightDecay), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    let rho = group[number: .rho]
    check(rho >= 0 && rho <= 1, name, "Invalid rho value: \(rho); it must be between 0 and 1")
    group.checkAtLeastZero(.eps, "epsilon", name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.AdadeltaStep(maximize: group[flag: .maximize]), counts: [.count("step")],
      buffers: [Kept("square_avg"), Kept("acc_delta")])
  }
}

extension Primitives {
  struct AdadeltaStep: UpdateRule {
    static let name = "adadelta"
    static var kernel: kb_optim_rule { KB_OPTIM_ADADELTA }
    var maximize: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, rho, eps, decay) = (h[0], h[1], h[2], h[3])
      counts[0] += 1
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr)
      (plan.c[1], plan.c[2], plan.c[3], plan.c[4]) = (rho, 1 - rho, eps, -lr)
      return plan
    }
  }
}
