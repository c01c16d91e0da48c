import KobaiOperators
import KobaiTensor

/// Adam that touches only the rows of a parameter whose gradient is not zero: for embeddings of which a
/// batch reads a few.
///
///     let optimizer = SparseAdam([embedding.weight], lr: 1e-3)
///
/// PyTorch's takes gradients of a sparse layout. Here gradients are dense, and a row (an index of the first
/// dimension) takes part if any of its elements is not zero. Other rows keep their values and states. Keeps
/// `step`, `exp_avg`, `exp_avg_sq` for each parameter.
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html>
public final class SparseAdam: Optimizer {
  /// - Parameters:
  ///   - params: live real tensors, or groups of them.
  ///   - lr: more than 0.
  ///   - betas: the decays of the means; at least 0 and less than 1.
  ///   - eps: added to the denominator, before the bias is corrected; more than 0.
  ///   - maximize: whether the objective is to grow.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, maximize: Bool = false
  ) {
    super.init(
      "SparseAdam", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "SparseAdam")), .beta1: .number(betas.0), .beta2: .number(betas.1),
        .eps: .number(eps), .maximize: .flag(maximize),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    check(group.lr > 0, name, "Invalid learning rate: \(group.lr); it must be more than 0")
    let eps = group[number: .eps]
    check(eps > 0, name, "Invalid epsilon value: \(eps); it must be more than 0")
    group.checkBetas(name)
    let complex = group.params.indices.filter { group.params[$0].dtype.isComplex }
    check(
      complex.isEmpty, name,
      "Complex params at indices \(complex): SparseAdam does not support complex parameters")
  }

  public override func update(_ group: ParameterGroup) {
    let numbers = group.numbers
    let (lr, beta1, beta2, eps) = (numbers[0], numbers[1], numbers[2], numbers[3])
    for parameter in group.states {
      guard let given = parameter.grad else { continue }
      let grad = group[flag: .maximize] ? -given : given
      let kept = state(of: parameter)
      let step = kept.state("step") { .number(0) }
      let mean = kept.state("exp_avg") { parameter.value.zeros }
      let square = kept.state("exp_avg_sq") { parameter.value.zeros }
      let count = step.tensor + 1
      let inner = Array(Swift.min(1, grad.rank)..<grad.rank)
      let rows = inner.isEmpty ? grad.ne(0) : grad.ne(0).any(dims: inner, keepDim: true)

      let newMean = mean.tensor + (grad - mean.tensor) * (1 - beta1)
      let newSquare = square.tensor + (grad * grad - square.tensor) * (1 - beta2)
      let size = lr * (1 - beta2.pow(count)).sqrt() / (1 - beta1.pow(count))
      let moved = parameter.tensor - size * (newMean / (newSquare.sqrt() + eps))
      step.replace(count, operation: name)
      replace(parameter, rows, moved)
      replace(mean, rows, newMean)
      replace(square, rows, newSquare)
    }
  }

  private func replace(_ state: State, _ rows: Tensor, _ new: Tensor) {
    state.replace(
      Tensor.where(rows, new.to(state.dtype), state.tensor), operation: name)
  }

  /// A count, and means that have the shape and take the dtype of their parameter.
  override func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? {
    if key == "step" { return value.rank == 0 && !value.dtype.isComplex ? value : nil }
    return value.shape == parameter.value.shape ? value.to(parameter.dtype) : nil
  }
}
