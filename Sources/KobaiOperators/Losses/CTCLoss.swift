import KobaiTensor

/// The connectionist temporal classification loss (Graves et al., 2006): −log of the probability of all
/// alignments of a target with the steps of an input.
///
/// - Parameters:
///   - logProbs: [T, N, C] or [T, C], the logarithms of probabilities, as from `logSoftmax`.
///   - targets: classes [N, S], padded behind; or all after one another, [Σ lengths]; or [S].
///   - inputLengths, targetLengths: of each example.
///   - blank: the class that stands for no label.
///   - zeroInfinity: 0 in place of the infinite loss of a target that is too long.
/// - Returns: the losses [N] for `.none`, their sum, or the mean of loss / target length.
/// - Derivative: as in PyTorch, that of the logits of `logSoftmax`: probability minus its posterior.
public func ctcLoss(
  _ logProbs: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int], blank: Int = 0,
  reduction: LossReduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
  let isBatched = logProbs.rank == 3
  let x = isBatched ? logProbs : logProbs.unsqueeze(1)
  guard
    let arguments = CTCArguments(
      x, targets, inputLengths, targetLengths, blank: blank, isBatched: isBatched)
  else { return .poison }
  var losses = arguments.losses(x)
  if zeroInfinity { losses = losses.maskedFill(losses.eq(Double.infinity), 0) }
  switch reduction {
  case .none: return isBatched ? losses : losses.squeeze(0)
  case .sum: return losses.sum()
  case .mean:
    let lengths = targetLengths.map { Double(Swift.max($0, 1)) }
    return (losses / Tensor(lengths).to(losses.dtype)).mean()
  }
}

/// Checked arguments, the targets as lists.
private struct CTCArguments {
  let labels: [[Int]]
  let inputLengths: [Int]
  let blank: Int

  init?(
    _ x: Tensor, _ targets: Tensor, _ inputLengths: [Int], _ targetLengths: [Int], blank: Int,
    isBatched: Bool
  ) {
    func refuse(_ fault: String) { misuse("ctcLoss: \(fault)", else: ()) }
    guard x.rank == 3, x.dtype.isFloatingPoint else {
      refuse(
        "log_probs must be floating point [T, N, C] or [T, C], but it is \(x.dtype)\(x.shape)")
      return nil
    }
    let (steps, batch, classes) = (x.size(0), x.size(1), x.size(2))
    guard blank >= 0 && blank < classes else {
      refuse("blank must be in label range, in 0 ..< \(classes), but it is \(blank)")
      return nil
    }
    guard inputLengths.count == batch, targetLengths.count == batch else {
      refuse(
        "input_lengths and target_lengths must be of size batch_size \(batch), but they have "
          + "\(inputLengths.count) and \(targetLengths.count) numbers")
      return nil
    }
    guard inputLengths.allSatisfy({ $0 >= 0 && $0 <= steps }) else {
      refuse(
        "Expected input_lengths to have value at most \(steps), but they are \(inputLengths)")
      return nil
    }
    guard !targets.dtype.isDifferentiable, targets.dtype != .bool, (1...2).contains(targets.rank)
    else {
      refuse(
        "targets must be integers in one or two dimensions, but are \(targets.dtype)\(targets.shape)"
      )
      return nil
    }
    let all = targets.array(as: Int.self)
    let isPadded = targets.rank == 2
    let width = isPadded ? targets.size(1) : all.count
    guard !isPadded || targets.size(0) == batch,
      targetLengths.allSatisfy({ $0 >= 0 && $0 <= width }),
      isPadded || !isBatched || targetLengths.reduce(0, +) <= all.count,
      isBatched || targetLengths[0] <= all.count
    else {
      refuse(
        "Expected targets of shape [\(batch), S] or [sum of target_lengths], but their shape is "
          + "\(targets.shape) and target_lengths are \(targetLengths)")
      return nil
    }
    var labels: [[Int]] = []
    var start = 0
    for (i, length) in targetLengths.enumerated() {
      let first = isPadded ? i * width : start
      labels.append(Array(all[first..<first + length]))
      start += length
    }
    guard labels.joined().allSatisfy({ $0 >= 0 && $0 < classes }) else {
      refuse("targets must be classes in 0 ..< \(classes)")
      return nil
    }
    self.labels = labels
    self.inputLengths = inputLengths
    self.blank = blank
  }

  /// What stands for log 0: its exponential is 0, and unlike −∞ it has a difference with itself.
  private static let impossible = -1e30

  /// The loss of each example [N], infinite where no alignment exists.
  func losses(_ x: Tensor) -> Tensor {
    let batch = labels.count
    let states = 2 * (labels.map(\.count).max() ?? 0) + 1
    // Blanks between, before and behind the labels; an example's states beyond its own stay unreachable
    // for its end.
    var extended = [Int](repeating: blank, count: batch * states)
    var skips = [Bool](repeating: false, count: batch * states)
    for (i, label) in labels.enumerated() {
      for (j, symbol) in label.enumerated() {
        let place = i * states + 2 * j + 1
        extended[place] = symbol
        skips[place] = j > 0 && label[j - 1] != symbol
      }
    }
    let index = Tensor(extended, shape: [batch, states], dtype: .int64)
    let maySkip = Tensor(skips, shape: [batch, states])
    let low = Tensor(Self.impossible, dtype: x.dtype)
    let scores = x.clampMin(Self.impossible)
      .gather(dim: 2, index: index.unsqueeze(0).expand(x.size(0), batch, states))
    let isFirst = Tensor.arange(states).lt(2)
    var alpha = Tensor.where(
      Tensor.arange(states).eq(0), Tensor(0.0, dtype: x.dtype),
      Tensor.full([batch, states], low, dtype: x.dtype))
    var results: [Tensor] = []
    var ended = finals(alpha, at: 0)
    results.append(ended)
    for t in 0..<x.size(0) {
      if t == 0 {
        let begin = Tensor.where(isFirst, scores[0], low)
        alpha = begin
      } else {
        let before = alpha.pad([1, 0], value: Self.impossible).narrow(
          dim: 1, start: 0, length: states)
        let skipped = Tensor.where(
          maySkip,
          alpha.pad([2, 0], value: Self.impossible).narrow(dim: 1, start: 0, length: states), low)
        alpha = Tensor.stack([alpha, before, skipped]).logsumexp(dim: 0) + scores[t]
        alpha = alpha.clampMin(Self.impossible)
      }
      ended = finals(alpha, at: t + 1)
      results.append(ended)
    }
    let lengths = Tensor(inputLengths, shape: [1, batch], dtype: .int64)
    let logLikelihood = Tensor.stack(results).gather(dim: 0, index: lengths).squeeze(0)
    let isImpossible = logLikelihood.lt(Self.impossible / 2)
    let losses = Tensor.where(
      isImpossible, Tensor(Double.infinity, dtype: x.dtype), -logLikelihood)
    // Through the softmax whose logarithm x is, its own probabilities add to the derivative.
    let isUsed = Tensor.arange(x.size(0)).unsqueeze(1).lt(lengths).unsqueeze(-1)
    let total = x.exp().maskedFill(isUsed.logicalNot(), 0).sum(dims: [0, 2])
    return losses + (total - total.detach())
  }

  /// The log probability of having read an example's target after `step` steps.
  private func finals(_ alpha: Tensor, at step: Int) -> Tensor {
    let last = Tensor(labels.map { 2 * $0.count }, shape: [labels.count, 1], dtype: .int64)
    let previous = (last - 1).clampMin(0)
    let end = alpha.gather(dim: 1, index: last)
    let label = Tensor.where(
      last.gt(0), alpha.gather(dim: 1, index: previous),
      Tensor(Self.impossible, dtype: alpha.dtype))
    return step == 0 ? end.squeeze(1) : Tensor.cat([end, label], dim: 1).logsumexp(dim: 1)
  }
}

extension Operation {
  static let ctcLoss = Operation(
    "ctcLoss", .loss,
    samples: [
      Sample(.uniform(-3...0, [4, 2, 3])) { x in
        KobaiOperators.ctcLoss(
          // The logits' derivative is that of the loss.
          x[0].logSoftmax(dim: 2), Tensor([[1, 2], [2, 2]]), inputLengths: [4, 3],
          targetLengths: [2, 1], reduction: .sum)
      }
    ])
}
