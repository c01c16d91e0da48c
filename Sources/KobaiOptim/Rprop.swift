import CKernels
import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// The factor by which Rprop shrinks a step when the gradient has changed its sign.
  public static let etaMinus: Hyperparameter = "eta_minus"
  /// The factor by which Rprop grows a step when the gradient has kept its sign.
  public static let etaPlus: Hyperparameter = "eta_plus"
  /// The smallest step of Rprop.
  public static let stepSizeMin: Hyperparameter = "step_size_min"
  /// The largest step of Rprop.
  public static let stepSizeMax: Hyperparameter = "step_size_max"
}

/// Resilient backpropagation: steps by the signs of gradients, each element with a size of its own. For
/// whole data sets rather than batches.
///
///     let optimizer = Rprop(net.parameters, lr: 1e-2)
///
/// The size grows by η₊ while the sign stays and shrinks by η₋ when it turns, in which case the element rests
/// once. Keeps `step`, `prev`, `step_size` for each parameter.
///
/// Sources: Riedmiller and Braun, A Direct Adaptive Method for Faster Backpropagation Learning;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html>
public final class Rprop: ElementwiseOptimizer {
  /// - Parameters:
  ///   - params: live tensors, or groups of them.
  ///   - lr: the first size of all steps; at least 0.
  ///   - etas: (η₋, η₊) with 0 < η₋ < 1 < η₊.
  ///   - stepSizes: the smallest and the largest size.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach, capturable: promise nothing here: the step is always fused.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-2, etas: (Double, Double) = (0.5, 1.2),
    stepSizes: (Double, Double) = (1e-6, 50), maximize: Bool = false, foreach: Bool? = nil,
    capturable: Bool = false, differentiable: Bool = false
  ) {
    ImplementationFlags(foreach: foreach, capturable: capturable, differentiable: differentiable)
      .check("Rprop")
    super.init(
      "Rprop", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Rprop")), .etaMinus: .number(etas.0), .etaPlus: .number(etas.1),
        .stepSizeMin: .number(stepSizes.0), .stepSizeMax: .number(stepSizes.1),
        .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    group.checkRate(name)
    let (minus, plus) = (group[number: .etaMinus], group[number: .etaPlus])
    check(
      0 < minus && minus < 1 && 1 < plus, name,
      "Invalid eta values: \(minus), \(plus); 0 < etas.0 < 1 < etas.1 must hold")
  }

  override func recipe(for group: ParameterGroup) -> Recipe {
    Recipe(
      rule: Primitives.RpropStep(maximize: group[flag: .maximize]), counts: [.count("step")],
      buffers: [Kept("prev"), .filled("step_size", group.lr)])
  }
}

extension Primitives {
  struct RpropStep: UpdateRule {
    static let name = "rprop"
    static var kernel: kb_optim_rule { KB_OPTIM_RPROP }
    var maximize: Bool

    var countCount: Int { 1 }
    var places: [Int] { [0, 1] }

    func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan {
      counts[0] += 1
      var plan = UpdatePlan(maximize: maximize, decay: 0, lr: h[0])
      (plan.c[0], plan.c[1], plan.c[2], plan.c[3]) = (h[1], h[2], h[3], h[4])
      return plan
    }
  }
}
