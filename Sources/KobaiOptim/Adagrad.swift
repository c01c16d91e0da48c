import CKernels
import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// How fast Adagrad's learning rate falls by itself.
  public static let lrDecay: Hyperparameter = "lr_decay"
  /// What Adagrad's sums start from.
  public static let initialAccumulatorValue: Hyperparameter = "initial_accumulator_value"
}

/// Adagrad: steps divided by the root of the sum of all squared gradients.
///
///     let optimizer = Adagrad(net.parameters, lr: 1e-2)
///
/// s ← s + g², p ← p − lr / (1 + (t − 1) lrDecay) · g / (√s + ε). Keeps `step` and `sum` for each parameter.
///
/// Sources: Duchi et al., Adaptive Subgradient Methods, <https://jmlr.org/papers/v12/duchi11a.html>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html>
public final class Adagrad: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: at least 0.
  ///   - lrDecay: at least 0.
  ///   - weightDecay: the factor of the L2 penalty; at least 0.
  ///   - initialAccumulatorValue: what s starts from; at least 0.
  ///   - eps: added to the denominator; at least 0.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, fused: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-2, lrDecay: Double = 0, weightDecay: Double = 0,
    initialAccumulatorValue: Double = 0, eps: Double = 1e-10, maximize: Bool = false,
    foreach: Bool? = nil, fused: Bool? = nil, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, fused: fused, differentiable: differentiable)
      .check("Adagrad")
    super.init(
      "Adagrad", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Adagrad")), .lrDecay: .number(lrDecay),
        .weightDecay: .number(weightDecay), .eps: .number(eps),
        .initialAccumulatorValue: .number(initialAccumulatorValue), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    group.checkAtLeastZero(.lrDecay, "lr_decay", name)
    group.checkAtLeastZero(.weightDecay, "weight_decay", name)
    group.checkAtLeastZero(.initialAccumulatorValue, "initial_accumulator_value", name)
    group.checkAtLeastZero(.eps, "epsilon", name)
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.AdagradStep(maximize: group[flag: .maximize]), counts: [.count("step")],
      buffers: [.filled("sum", group[number: .initialAccumulatorValue])])
  }
}

extension Primitives {
  struct AdagradStep: UpdateRule {
    static let name = "adagrad"
    static var kernel: kb_optim_rule { KB_OPTIM_ADAGRAD }
    var maximize: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      let (lr, lrDecay, decay, eps) = (h[0], h[1], h[2], h[3])
      counts[0] += 1
      var plan = UpdatePlan(maximize: maximize, decay: decay, lr: lr)
      (plan.c[1], plan.c[2]) = (eps, -(lr / (1 + (counts[0] - 1) * lrDecay)))
      return plan
    }
  }
}
