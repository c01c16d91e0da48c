/// The mean of numbers that come one after the other, weighted: of the losses of batches, say, by their
/// sizes.
///
///     var loss = RunningMean()
///     loss.add(0.5, weight: 64)
///     loss.add(0.2, weight: 32)
///     loss.mean   // Optional(0.4)
public struct RunningMean: Sendable, Hashable, Codable {
  /// The sum of the weights.
  public private(set) var weight = 0.0
  private var value = 0.0

  /// No number yet.
  public init() {}

  /// Adds a number; one with weight 0 has no effect.
  public mutating func add(_ number: Double, weight: Double = 1) {
    guard weight > 0 else { return }
    self.weight += weight
    // The mean moves towards the number: no sum grows until small numbers are lost in it.
    value += (number - value) * (weight / self.weight)
  }

  /// Adds a number with a whole weight: the size of a batch.
  public mutating func add(_ number: Double, weight: Int) { add(number, weight: Double(weight)) }

  /// Adds what another mean has seen.
  public mutating func add(_ other: RunningMean) { add(other.value, weight: other.weight) }

  /// The mean; nil before the first number.
  public var mean: Double? { weight > 0 ? value : nil }
}
