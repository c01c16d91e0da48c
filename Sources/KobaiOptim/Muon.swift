import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// The coefficients of Muon's iteration.
  public static let nsCoefficients: Hyperparameter = "ns_coefficients"
  /// How often Muon iterates.
  public static let nsSteps: Hyperparameter = "ns_steps"
  /// How Muon's rate follows from a matrix's shape.
  public static let adjustLRFn: Hyperparameter = "adjust_lr_fn"
}

/// Muon: momentum whose matrices are made nearly orthogonal. For the matrices of hidden layers; biases,
/// embeddings and the last layer are left to `AdamW`.
///
///     let muon = Muon(net.parameters.filter { $0.rank == 2 }, lr: 1e-3)
///     let rest = AdamW(net.parameters.filter { $0.rank != 2 })
///
/// b ← μ b + (1 − μ) g, p ← p − lr weightDecay p − lr′ O, where O is `nsSteps` Newton–Schulz iterations of b
/// (or of what lies between b and g with `nesterov`) in bfloat16. Keeps `momentum_buffer` for each parameter.
///
/// Sources: Jordan, Muon, <https://kellerjordan.github.io/posts/muon/>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.Muon.html>
public final class Muon: Optimizer {
  /// How the rate follows from a matrix's shape A × B.
  public enum AdjustLR: String, Sendable {
    /// lr · √max(1, A / B).
    case original
    /// lr · 0.2 · √max(A, B): rates tuned for AdamW can be used.
    case matchRMSAdamW = "match_rms_adamw"
  }

  /// - Parameters:
  ///   - params: live real matrices, or groups of them.
  ///   - lr: at least 0.
  ///   - weightDecay: decoupled; at least 0.
  ///   - momentum: at least 0.
  ///   - nesterov: looks one step ahead.
  ///   - nsCoefficients: of the iteration X ← a X + (b X Xᵀ + c (X Xᵀ)²) X.
  ///   - eps: the smallest norm that a matrix is divided by.
  ///   - nsSteps: how often to iterate; less than 100.
  ///   - adjustLR: how the rate follows from the shape.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1e-3, weightDecay: Double = 0.1,
    momentum: Double = 0.95, nesterov: Bool = true,
    nsCoefficients: (Double, Double, Double) = (3.4445, -4.7750, 2.0315), eps: Double = 1e-7,
    nsSteps: Int = 5, adjustLR: AdjustLR = .original
  ) {
    let (a, b, c) = nsCoefficients
    super.init(
      "Muon", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "Muon")), .weightDecay: .number(weightDecay),
        .momentum: .number(momentum), .eps: .number(eps), .nsSteps: .number(Double(nsSteps)),
        .nesterov: .flag(nesterov), .nsCoefficients: .numbers([a, b, c]),
        .adjustLRFn: .text(adjustLR.rawValue),
      ])
  }

  public override func validate(_ group: ParameterGroup) {
    check(group.lr >= 0, name, "Learning rate should be >= 0 but is: \(group.lr)")
    let (momentum, decay) = (group[number: .momentum], group[number: .weightDecay])
    check(momentum >= 0, name, "momentum should be >= 0 but is: \(momentum)")
    check(decay >= 0, name, "weight decay should be >= 0 but is: \(decay)")
    check(
      group[number: .nsSteps] < 100, name,
      "Number of steps must be less than 100 for computational efficiency")
    for parameter in group.params {
      check(
        parameter.rank == 2, name,
        "Muon only supports 2D parameters whereas we found a parameter with size: \(parameter.shape)"
      )
      check(!parameter.dtype.isComplex, name, "Muon does not support complex parameters")
    }
  }

  public override func update(_ group: ParameterGroup) {
    let h = group.numbers
    let (lr, decay, momentum) = (h[0], h[1], h[2])
    for parameter in group.states {
      guard let grad = parameter.grad else { continue }
      let dtype = parameter.dtype
      let buffer = state(of: parameter).state("momentum_buffer") { parameter.value.zeros }
      let mean = buffer.tensor.lerp(grad, weight: (1 - momentum).to(dtype))
      let direction =
        group[flag: .nesterov] ? grad.lerp(mean, weight: momentum.to(dtype)) : mean
      let update = orthogonalized(direction, group).to(dtype)
      let size = (lr * ratio(grad.shape, group)).to(dtype)
      let old = parameter.tensor * (1 - lr * decay).to(dtype)
      buffer.replace(mean, operation: name)
      parameter.replace(old - size * update, operation: name)
    }
  }

  /// The buffer has the shape and takes the dtype of its parameter.
  override func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? {
    value.shape == parameter.value.shape ? value.to(parameter.dtype) : nil
  }

  private func ratio(_ shape: Shape, _ group: ParameterGroup) -> Double {
    let (rows, columns) = (Double(shape[0]), Double(shape[1]))
    if group[.adjustLRFn] == .text(AdjustLR.matchRMSAdamW.rawValue) {
      return 0.2 * max(rows, columns).squareRoot()
    }
    return max(1, rows / columns).squareRoot()
  }

  /// The matrix with its singular values moved towards 1.
  private func orthogonalized(_ matrix: Tensor, _ group: ParameterGroup) -> Tensor {
    let coefficients = group[.nsCoefficients]?.numbers ?? []
    guard coefficients.count == 3 else {
      return misuse("\(name): Coefficients must be a tuple of exactly 3 values")
    }
    let isTall = matrix.size(0) > matrix.size(1)
    var x = matrix.to(.bfloat16)
    if isTall { x = x.t() }
    // The iteration needs a spectral norm of at most 1.
    x = x / x.norm().clamp(min: group[number: .eps])
    for _ in 0..<Int(group[number: .nsSteps]) {
      let gram = x.matmul(x.t())
      let update = gram.addmm(
        gram, gram, beta: Tensor(weak: coefficients[1]), alpha: Tensor(weak: coefficients[2]))
      x = x.addmm(update, x, beta: Tensor(weak: coefficients[0]))
    }
    return isTall ? x.t() : x
  }
}
