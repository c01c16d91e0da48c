import KobaiTensor

/// The rate is the initial one times a function of the epoch.
///
///     LambdaLR(optimizer) { epoch in 1 / Double(1 + epoch) }
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html>
public final class LambdaLR: LRScheduler {
  private let functions: [(Int) -> Double]

  /// - Parameters:
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  ///   - function: the factor of an epoch, for all groups.
  public convenience init(
    _ optimizer: Optimizer, lastEpoch: Int = -1, _ function: @escaping (Int) -> Double
  ) {
    self.init(
      optimizer, optimizer.parameterGroups.map { _ in function }, lastEpoch: lastEpoch)
  }

  /// - Parameters:
  ///   - functions: the factor of an epoch, one function for each group.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(_ optimizer: Optimizer, _ functions: [(Int) -> Double], lastEpoch: Int = -1) {
    check(
      functions.count == optimizer.parameterGroups.count, "LambdaLR",
      "Expected \(optimizer.parameterGroups.count) lr_lambdas, but got \(functions.count)")
    self.functions = functions
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    zip(baseLRs, functions).map { $0 * $1(lastEpoch) }
  }
}

/// The rate is multiplied each epoch by a function of it.
///
///     MultiplicativeLR(optimizer) { _ in 0.95 }
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html>
public final class MultiplicativeLR: LRScheduler {
  private let function: (Int) -> Double

  /// - Parameters:
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  ///   - function: the factor of an epoch, for all groups.
  public init(_ optimizer: Optimizer, lastEpoch: Int = -1, _ function: @escaping (Int) -> Double) {
    self.function = function
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    currentLRs.map { isInitial ? $0 : $0 * function(lastEpoch) }
  }
}
