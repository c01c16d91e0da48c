import KobaiOperators
import KobaiTensor

extension Hyperparameter {
  /// Iterations of L-BFGS per step.
  public static let maxIter: Hyperparameter = "max_iter"
  /// Evaluations of the loss per step of L-BFGS.
  public static let maxEval: Hyperparameter = "max_eval"
  /// The gradient at which L-BFGS stops.
  public static let toleranceGrad: Hyperparameter = "tolerance_grad"
  /// The change at which L-BFGS stops.
  public static let toleranceChange: Hyperparameter = "tolerance_change"
  /// How many steps L-BFGS remembers.
  public static let historySize: Hyperparameter = "history_size"
  /// How L-BFGS finds the length of a step.
  public static let lineSearchFn: Hyperparameter = "line_search_fn"
}

/// L-BFGS: quasi-Newton steps from the last changes of the gradient. For whole data sets rather than batches.
///
///     let optimizer = LBFGS(net.parameters, lineSearch: .strongWolfe)
///     optimizer.step {
///       optimizer.zeroGrad()
///       let loss = mseLoss(net(x), y)
///       loss.backward()
///       return loss
///     }
///
/// It looks at losses and gradients to decide what to do, so a step cannot be compiled. One group only.
///
/// Sources: Liu and Nocedal, On the limited memory BFGS method; minFunc by Schmidt,
/// <https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html>
public final class LBFGS: Optimizer {
  /// How the length of a step is found.
  public enum LineSearch: String, Sendable {
    /// By the strong Wolfe conditions, with cubic interpolation.
    case strongWolfe = "strong_wolfe"
  }

  private struct Memory {
    var evaluations = 0
    var iterations = 0
    var direction: Tensor?
    var length = 0.0
    var gradientChanges: [Tensor] = []
    var moves: [Tensor] = []
    var curvatures: [Double] = []
    var scale = 1.0
    var lastGradient: Tensor?
    var lastLoss = 0.0
  }

  private var memory = Memory()

  /// - Parameters:
  ///   - params: live tensors, or one group of them.
  ///   - lr: the length of a step without a line search; at least 0.
  ///   - maxIter: iterations per step.
  ///   - maxEval: evaluations of the loss per step; 1.25 · maxIter unless given.
  ///   - toleranceGrad: the gradient at which to stop.
  ///   - toleranceChange: the change of loss or parameters at which to stop.
  ///   - historySize: how many steps are remembered.
  ///   - lineSearch: none unless given.
  public init<P: OptimizerParameter>(
    _ params: [P], lr: some TensorOperand = 1.0, maxIter: Int = 20, maxEval: Int? = nil,
    toleranceGrad: Double = 1e-7, toleranceChange: Double = 1e-9, historySize: Int = 100,
    lineSearch: LineSearch? = nil
  ) {
    super.init(
      "LBFGS", P.groups(params),
      defaults: [
        .lr: .number(rate(lr, "LBFGS")), .maxIter: .number(Double(maxIter)),
        .maxEval: .number(Double(maxEval ?? maxIter * 5 / 4)),
        .toleranceGrad: .number(toleranceGrad), .toleranceChange: .number(toleranceChange),
        .historySize: .number(Double(historySize)),
        .lineSearchFn: lineSearch.map { .text($0.rawValue) } ?? .none,
      ])
  }

  public override func addParameterGroup(_ group: ParameterGroup) {
    guard parameterGroups.isEmpty else {
      return misuse(
        "LBFGS: LBFGS doesn't support per-parameter options (parameter groups); give one group",
        else: ())
    }
    super.addParameterGroup(group)
  }

  public override func validate(_ group: ParameterGroup) { group.checkRate(name) }

  public override func step() {
    misuse("LBFGS: step needs a closure that computes the loss again: step { … }", else: ())
  }

  @discardableResult
  public override func step(_ closure: () -> Tensor) -> Tensor {
    guard let group = parameterGroups.first else { return enableGrad(closure) }
    return noGrad { step(group) { enableGrad(closure) } }
  }

  private func step(_ group: ParameterGroup, _ closure: () -> Tensor) -> Tensor {
    let maxIter = Int(group[number: .maxIter])
    let maxEval = Int(group[number: .maxEval])
    let toleranceGrad = group[number: .toleranceGrad]
    let toleranceChange = group[number: .toleranceChange]

    let firstLoss = closure()
    var loss = firstLoss.item()
    var evaluations = 1
    memory.evaluations += 1
    var gradient = flatGradient(group)
    func isOptimal() -> Bool { gradient.abs().max().item() <= toleranceGrad }
    if isOptimal() { return firstLoss }

    var iteration = 0
    while iteration < maxIter {
      iteration += 1
      memory.iterations += 1
      let direction = direction(gradient, group)
      memory.direction = direction
      memory.lastGradient = gradient
      memory.lastLoss = loss
      let first = memory.iterations == 1
      memory.length =
        first ? Swift.min(1, 1 / gradient.abs().sum().item()) * group.lr : group.lr
      let slope = gradient.dot(direction).item()
      if slope > -toleranceChange { break }

      var used = 0
      var optimal = false
      if group[.lineSearchFn] == .text(LineSearch.strongWolfe.rawValue) {
        let start = group.states.map(\.value)
        let search = StrongWolfe(direction: direction, loss: loss, gradient: gradient, slope: slope)
        let found = search.run(from: memory.length, limit: maxEval - evaluations) { length in
          move(group, direction, length)
          let loss = closure().item()
          let gradient = flatGradient(group)
          for (state, value) in zip(group.states, start) { state.value = value }
          return (loss, gradient)
        }
        (loss, gradient, memory.length, used) =
          (found.loss, found.gradient, found.length, found.evaluations)
        move(group, direction, memory.length)
        optimal = isOptimal()
      } else {
        move(group, direction, memory.length)
        if iteration != maxIter {
          // Not after the last: with random batches another evaluation is of no use.
          loss = closure().item()
          gradient = flatGradient(group)
          optimal = isOptimal()
          used = 1
        }
      }
      evaluations += used
      memory.evaluations += used
      if iteration == maxIter || evaluations >= maxEval || optimal { break }
      if (direction * memory.length).abs().max().item() <= toleranceChange { break }
      if Swift.abs(loss - memory.lastLoss) < toleranceChange { break }
    }
    save(group)
    return firstLoss
  }

  /// Directions, moves and gradients are vectors of all parameters' reals; everything else is a number.
  override func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? {
    let isVector = ["d", "prev_flat_grad"].contains(key) || key.hasPrefix("old_")
    guard isVector else {
      return value.rank == 0 && !value.dtype.isComplex ? value.to(.float64) : nil
    }
    let count = parameterGroups.flatMap(\.states).reduce(0) { sum, state in
      sum + state.value.count * (state.dtype.isComplex ? 2 : 1)
    }
    return value.shape == [count] && value.dtype.isFloatingPoint ? value : nil
  }

  override func stateWasLoaded() {
    memory = Memory()
    guard let first = parameterGroups.first?.states.first, let kept = knownState(of: first) else {
      return
    }
    func number(_ name: String) -> Double { kept[name]?.item() ?? 0 }
    memory.evaluations = Int(exactly: number("func_evals")) ?? 0
    memory.iterations = Int(exactly: number("n_iter")) ?? 0
    memory.length = number("t")
    memory.scale = number("H_diag")
    memory.lastLoss = number("prev_loss")
    memory.direction = kept["d"]?.data
    memory.lastGradient = kept["prev_flat_grad"]?.data
    while let change = kept["old_dirs.\(memory.moves.count)"]?.data,
      let move = kept["old_stps.\(memory.moves.count)"]?.data
    {
      memory.curvatures.append(number("ro.\(memory.moves.count)"))
      memory.gradientChanges.append(change)
      memory.moves.append(move)
    }
  }

  /// The descent direction: the approximate inverse Hessian times the gradient.
  private func direction(_ gradient: Tensor, _ group: ParameterGroup) -> Tensor {
    guard memory.iterations > 1, let last = memory.lastGradient, let old = memory.direction else {
      (memory.gradientChanges, memory.moves, memory.curvatures) = ([], [], [])
      memory.scale = 1
      return -gradient
    }
    let change = gradient - last
    let move = old * memory.length
    let product = change.dot(move).item()
    if product > 1e-10 {
      if memory.moves.count >= Int(group[number: .historySize]), !memory.moves.isEmpty {
        memory.gradientChanges.removeFirst()
        memory.moves.removeFirst()
        memory.curvatures.removeFirst()
      }
      memory.gradientChanges.append(change)
      memory.moves.append(move)
      memory.curvatures.append(1 / product)
      memory.scale = product / change.dot(change).item()
    }
    var q = -gradient
    var factors = [Double](repeating: 0, count: memory.moves.count)
    for i in memory.moves.indices.reversed() {
      factors[i] = memory.moves[i].dot(q).item() * memory.curvatures[i]
      q = q - memory.gradientChanges[i] * factors[i]
    }
    q = q * memory.scale
    for i in memory.moves.indices {
      let back = memory.gradientChanges[i].dot(q).item() * memory.curvatures[i]
      q = q + memory.moves[i] * (factors[i] - back)
    }
    return q
  }

  /// All gradients as one vector; complex ones as pairs of reals.
  private func flatGradient(_ group: ParameterGroup) -> Tensor {
    Tensor.cat(
      group.states.map { state in
        guard let grad = state.grad?.detach() else {
          return Tensor(state.value).realParts.zerosLike
        }
        return grad.realParts
      })
  }

  /// Moves the parameters along the direction.
  private func move(_ group: ParameterGroup, _ direction: Tensor, _ length: Double) {
    var offset = 0
    for state in group.states {
      let old = Tensor(state.value)
      let count = old.count * (old.dtype.isComplex ? 2 : 1)
      let part = direction.narrow(dim: 0, start: offset, length: count)
      offset += count
      let new = old.realParts + part * length
      state.value = new.formed(like: old).current.value
    }
  }
}

// MARK: - What is kept, as tensors

extension LBFGS {
  private func save(_ group: ParameterGroup) {
    guard let first = group.states.first else { return }
    let kept = state(of: first)
    for name in kept.names { kept[name] = nil }
    func number(_ name: String, _ value: Double) { kept[name] = Tensor(value, dtype: .float64) }
    number("func_evals", Double(memory.evaluations))
    number("n_iter", Double(memory.iterations))
    number("t", memory.length)
    number("H_diag", memory.scale)
    number("prev_loss", memory.lastLoss)
    kept["d"] = memory.direction
    kept["prev_flat_grad"] = memory.lastGradient
    for i in memory.moves.indices {
      kept["old_dirs.\(i)"] = memory.gradientChanges[i]
      kept["old_stps.\(i)"] = memory.moves[i]
      number("ro.\(i)", memory.curvatures[i])
    }
  }
}

extension Tensor {
  /// The elements as a vector of reals.
  fileprivate var realParts: Tensor {
    dtype.isComplex ? Tensor.stack([real, imag], dim: -1).reshape([-1]) : reshape([-1])
  }

  fileprivate var zerosLike: Tensor { Tensor(value.zeros) }

  /// A vector of reals in the shape and dtype of another tensor.
  fileprivate func formed(like other: Tensor) -> Tensor {
    guard other.dtype.isComplex else { return reshape(other.shape) }
    let pairs = reshape(other.shape + [2])
    return Tensor.complex(
      pairs.select(dim: -1, index: 0), pairs.select(dim: -1, index: 1))
  }
}
