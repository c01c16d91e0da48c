import KobaiTensor

/// The rate follows half a cosine from its start to `etaMin` over `tMax` epochs.
///
///     CosineAnnealingLR(optimizer, tMax: 100)
///
/// Sources: Loshchilov and Hutter, SGDR, <https://arxiv.org/abs/1608.03983>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html>
public final class CosineAnnealingLR: LRScheduler {
  private let tMax: Int
  private let etaMin: Double

  /// - Parameters:
  ///   - tMax: epochs from the top to the bottom.
  ///   - etaMin: the smallest rate.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(_ optimizer: Optimizer, tMax: Int, etaMin: Double = 0, lastEpoch: Int = -1) {
    self.tMax = tMax
    self.etaMin = etaMin
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  private func height(_ epoch: Int) -> Double {
    1 + cosine(.pi * Double(epoch) / Double(tMax))
  }

  public override func rates() -> [Double] {
    if isInitial { return currentLRs }
    if stepCount == 1 && lastEpoch > 0 { return closedForm() ?? currentLRs }
    // At the bottom the quotient below would be 0 / 0.
    if (lastEpoch - 1 - tMax) % (2 * tMax) == 0 {
      return zip(currentLRs, baseLRs).map { lr, base in
        lr + (base - etaMin) * (1 - cosine(.pi / Double(tMax))) / 2
      }
    }
    return currentLRs.map { height(lastEpoch) / height(lastEpoch - 1) * ($0 - etaMin) + etaMin }
  }

  public override func closedForm() -> [Double]? {
    baseLRs.map { etaMin + ($0 - etaMin) * height(lastEpoch) / 2 }
  }
}

/// Half cosines one after the other, each starting from the full rate, each `tMult` times as long as the
/// one before.
///
///     CosineAnnealingWarmRestarts(optimizer, t0: 10, tMult: 2)
///
/// Sources: Loshchilov and Hutter, SGDR, <https://arxiv.org/abs/1608.03983>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html>
public final class CosineAnnealingWarmRestarts: LRScheduler {
  private let t0: Int
  private let tMult: Int
  private let etaMin: Double
  /// The length of the present cosine, and how far it has got.
  private var length: Int
  private var position: Double

  /// - Parameters:
  ///   - t0: the length of the first cosine in epochs; at least 1.
  ///   - tMult: at least 1.
  ///   - etaMin: the smallest rate.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, t0: Int, tMult: Int = 1, etaMin: Double = 0, lastEpoch: Int = -1
  ) {
    check(
      t0 > 0, "CosineAnnealingWarmRestarts", "Expected positive integer T_0, but got \(t0)")
    check(
      tMult >= 1, "CosineAnnealingWarmRestarts", "Expected integer T_mult >= 1, but got \(tMult)")
    self.t0 = max(t0, 1)
    self.tMult = max(tMult, 1)
    self.etaMin = etaMin
    length = max(t0, 1)
    position = Double(lastEpoch)
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    let height = 1 + cosine(.pi * position / Double(length))
    return baseLRs.map { etaMin + ($0 - etaMin) * height / 2 }
  }

  public override func step() {
    if lastEpoch < 0 { return step(to: 0) }
    position += 1
    if position >= Double(length) {
      position = position.truncatingRemainder(dividingBy: Double(length))
      length *= tMult
    }
    lastEpoch += 1
    apply(rates())
  }

  public override func step(to epoch: Int) { step(toFraction: Double(epoch)) }

  /// Goes to a point between two epochs: after batch `i` of `n` of an epoch, `epoch + i / n`.
  public func step(toFraction epoch: Double) {
    guard epoch >= 0 else {
      return misuse(
        "CosineAnnealingWarmRestarts: Expected non-negative epoch, but got \(epoch)", else: ())
    }
    let first = Double(t0)
    (length, position) = (t0, epoch)
    if epoch >= first {
      if tMult == 1 {
        position = epoch.truncatingRemainder(dividingBy: first)
      } else {
        let ratio = Double(tMult)
        let passed = Int(logarithm(epoch / first * (ratio - 1) + 1) / logarithm(ratio))
        let scale = power(ratio, Double(passed))
        position = epoch - first * (scale - 1) / (ratio - 1)
        length = t0 * Int(scale)
      }
    }
    lastEpoch = Int(epoch)
    apply(rates())
  }

  public override func stateDict() -> [String: HyperparameterValue] {
    super.stateDict().merging([
      "T_i": .number(Double(length)), "T_cur": .number(position),
    ]) { $1 }
  }

  public override func load(_ state: [String: HyperparameterValue]) throws {
    let reader = SchedulerState(state, "CosineAnnealingWarmRestarts")
    let (length, position) = (try reader.int("T_i"), try reader.number("T_cur"))
    try super.load(state)
    (self.length, self.position) = (length, position)
  }
}
