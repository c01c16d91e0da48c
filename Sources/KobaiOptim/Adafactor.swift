import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// The power by which Adafactor's decay of squares approaches 1.
  public static let beta2Decay: Hyperparameter = "beta2_decay"
  /// Adafactor's smallest denominator.
  public static let eps1: Hyperparameter = "eps1"
  /// Adafactor's smallest scale of a parameter.
  public static let eps2: Hyperparameter = "eps2"
  /// The size of an update from which Adafactor clips it.
  public static let d: Hyperparameter = "d"
}

/// Adafactor: Adam's scaling with memory for rows and columns only.
///
///     let optimizer = Adafactor(net.parameters, lr: 1e-2)
///
/// The mean of squared gradients of a matrix is estimated from those of its rows and columns. Keeps `step`
/// and `row_var`, `col_var` (or `variance` for vectors) for each parameter.
///
/// Sources: Shazeer and Stern, Adafactor, <https://arxiv.org/abs/1804.04235>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Adafactor.html>
public final class Adafactor: Optimizer {
  /// - Parameters:
  ///   - params: live real tensors, or groups of them.
  ///   - lr: the largest relative step; at least 0.
  ///   - beta2Decay: at most 0.
  ///   - eps: the smallest denominator (the dtype's epsilon unless given) and the smallest scale of a
  ///     parameter; at least 0.
  ///   - d: the clipping threshold of the update; at least 1.
  ///   - weightDecay: decoupled; at least 0.
  ///   - maximize: whether the objective is to grow.
  ///   - foreach: promises nothing here.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-2, beta2Decay: Double = -0.8,
    eps: (Double?, Double) = (nil, 1e-3), d: Double = 1, weightDecay: Double = 0,
    maximize: Bool = false, foreach: Bool? = nil
  ) {
    super.init(
      "Adafactor", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Adafactor")), .beta2Decay: .number(beta2Decay),
        .eps2: .number(eps.1), .d: .number(d), .weightDecay: .number(weightDecay),
        .eps1: eps.0.map { .number($0) } ?? .none, .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    func check(_ isValid: Bool, _ words: String, _ option: Hyperparameter) {
      KobaiOptim.check(isValid, name, "\(words) but is: \(group[number: option])")
    }
    check(group.lr >= 0, "Learning rate should be >= 0", .lr)
    check(group[number: .beta2Decay] <= 0, "beta2_decay should be <= 0", .beta2Decay)
    check(group[number: .eps1] >= 0, "epsilon1 should be >= 0", .eps1)
    check(group[number: .eps2] >= 0, "epsilon2 should be >= 0", .eps2)
    check(group[number: .d] >= 1, "Clipping threshold d should be >= 1", .d)
    check(group[number: .weightDecay] >= 0, "weight_decay should be >= 0", .weightDecay)
    KobaiOptim.check(
      !group.params.contains { $0.dtype.isComplex }, name,
      "Adafactor does not support complex parameters")
  }

  public override func update(_ group: ParameterGroup) {
    let h = group.numbers
    let (lr, beta2Decay, eps2, d, decay) = (h[0], h[1], h[2], h[3], h[4])
    let decays = group[number: .weightDecay] != 0
    for parameter in group.states {
      guard let given = parameter.grad else { continue }
      let grad = group[flag: .maximize] ? -given : given
      let dtype = parameter.dtype
      let eps1 = group[.eps1]?.number ?? dtype.epsilon
      let kept = state(of: parameter)
      let step = kept.state("step") { .number(0) }
      let count = (step.tensor + 1).to(.float64)
      let newShare = count.pow(beta2Decay).to(dtype)
      let size = lr.minimum(1 / count.sqrt())
      let scale = eps2.maximum(rms(parameter.tensor)) * size

      let old = decays ? (parameter.tensor * (1 - lr * decay)).to(dtype) : parameter.tensor
      let square = meanSquare(grad, kept, newShare, eps1)
      let update = square.clamp(min: eps1 * eps1).rsqrt() * grad
      let clip = (rms(update) / d).clamp(min: 1.0)
      step.replace(count.to(step.dtype), operation: name)
      parameter.replace((old - (scale / clip).to(dtype) * update).to(dtype), operation: name)
    }
  }

  /// A count, the variance of each element, or of matrices the means along rows and along columns.
  override func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? {
    if key == "step" { return value.rank == 0 && !value.dtype.isComplex ? value : nil }
    var shape = parameter.value.shape
    switch key {
    case "row_var" where shape.count > 1: shape[shape.count - 1] = 1
    case "col_var" where shape.count > 1: shape[shape.count - 2] = 1
    default: break
    }
    return value.shape == shape ? value.to(parameter.dtype) : nil
  }

  /// The root of the mean square, as a float64 number.
  private func rms(_ x: Tensor) -> Tensor {
    x.norm().to(.float64) / Double(x.count).squareRoot()
  }

  /// The estimated mean of squared gradients.
  private func meanSquare(
    _ grad: Tensor, _ kept: ParameterState, _ newShare: Tensor, _ eps1: Double
  ) -> Tensor {
    func average(_ name: String, _ new: Tensor) -> Tensor {
      let state = kept.state(name) { new.current.value.zeros }
      let mean = state.tensor.lerp(new, weight: newShare)
      state.replace(mean, operation: self.name)
      return mean
    }
    guard grad.rank > 1 else { return average("variance", grad * grad) }
    func meanSquare(dim: Int) -> Tensor {
      grad.norm(dim: dim, keepDim: true).square() / Double(grad.size(dim))
    }
    let rows = average("row_var", meanSquare(dim: -1))
    let columns = average("col_var", meanSquare(dim: -2))
    return rows.matmul(columns) / rows.mean(dim: -2, keepDim: true).clamp(min: eps1)
  }
}
