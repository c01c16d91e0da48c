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
  /// The decay of ASGD.
  public static let lambd: Hyperparameter = "lambd"
  /// The step at which ASGD begins to average.
  public static let t0: Hyperparameter = "t0"
}

/// Averaged stochastic gradient descent.
///
///     let optimizer = ASGD(net.parameters, lr: 1e-2)
///
/// p ← (1 − λ η) p − η g with η = lr / (1 + λ lr t)^α; from step `t0` on, `ax` is the mean of the parameters.
/// Keeps `step`, `eta`, `mu`, `ax` for each parameter.
///
/// Sources: Polyak and Juditsky, Acceleration of stochastic approximation by averaging;
/// <https://pytorch.org/docs/stable/generated/torch.optim.ASGD.html>
public final class ASGD: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - lambd: the decay λ.
  ///   - alpha: the power of the schedule.
  ///   - t0: the step at which averaging begins.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-2, lambd: Double = 1e-4, alpha: Double = 0.75,
    t0: Double = 1e6, weightDecay: Double = 0, maximize: Bool = false, foreach: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("ASGD")
    super.init(
      "ASGD", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "ASGD")), .lambd: .number(lambd), .alpha: .number(alpha),
        .t0: .number(t0), .weightDecay: .number(weightDecay), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.ASGDStep(maximize: group[flag: .maximize]),
      counts: [.count("step"), .count("eta", group.lr), .count("mu", 1)], buffers: [Kept("ax")])
  }
}

extension Primitives {
  struct ASGDStep: UpdateRule {
    static let name = "asgd"
    static var kernel: kb_optim_rule { KB_OPTIM_ASGD }
    var maximize: Bool

    var countCount: Int { 3 }
    var places: [Int] { [0] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, lambd, alpha, t0, decay) = (h[0], h[1], h[2], h[3], h[4])
      let (eta, mu) = (counts[1], counts[2])
      counts[0] += 1
      let step = counts[0]
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr)
      plan.set(KB_OPTIM_FIRST, if: mu == 1)
      (plan.c[1], plan.c[2], plan.c[3]) = (1 - lambd * eta, -eta, mu)
      // Of the next step.
      counts[1] = lr / pow(1 + lambd * lr * step, alpha)
      counts[2] = 1 / max(1, step - t0)
      return plan
    }
  }
}
