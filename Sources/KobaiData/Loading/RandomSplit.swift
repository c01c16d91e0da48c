import KobaiOperators
import KobaiTensor

extension Dataset {
  /// The examples dealt at random to parts of the given sizes: PyTorch's `random_split`, with its
  /// permutation for the same seed.
  ///
  ///     let parts = (0..<10).randomSplit([3, 7], generator: Generator(seed: 42))
  ///     parts[0].indices   // [2, 6, 1]
  ///
  /// - Parameters:
  ///   - lengths: the size of each part; they add up to `count`.
  ///   - generator: the default generator unless given.
  /// Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split
  public func randomSplit(_ lengths: [Int], generator: Generator? = nil) -> [Subset<Self>] {
    guard lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, +) == count else {
      return misuse(
        "randomSplit: Sum of input lengths does not equal the length of the input dataset: "
          + "\(lengths) add up to \(lengths.reduce(0, +)) where there are \(count) examples",
        else: lengths.map { _ in Subset(self, indices: []) })
    }
    let order = Tensor.randperm(count, generator: generator).array(as: Int.self)
    var start = 0
    return lengths.map { length in
      defer { start += length }
      return Subset(self, indices: Array(order[start..<start + length]))
    }
  }

  /// The examples dealt at random to parts of the given fractions of them: PyTorch's `random_split`.
  ///
  ///     let parts = (0..<10).randomSplit([0.5, 0.25, 0.25], generator: Generator(seed: 0))
  ///     parts.map(\.count)   // [6, 2, 2]
  ///
  /// Each part has the floor of its share; what remains is dealt one by one from the first part on.
  ///
  /// - Parameter fractions: from 0 to 1 each, with a sum of 1.
  public func randomSplit(_ fractions: [Double], generator: Generator? = nil) -> [Subset<Self>] {
    // Python adds floating point numbers with compensation: ten times 0.1 is 1.
    var (sum, compensation) = (0.0, 0.0)
    for fraction in fractions {
      let next = sum + fraction
      compensation +=
        abs(sum) >= abs(fraction) ? (sum - next) + fraction : (fraction - next) + sum
      sum = next
    }
    sum += compensation
    guard fractions.allSatisfy({ (0...1).contains($0) }), sum <= 1, 1 - sum <= 1e-9 else {
      return misuse(
        "randomSplit: fractions must lie between 0 and 1 and add up to 1, but \(fractions) add up to "
          + "\(sum)", else: fractions.map { _ in Subset(self, indices: []) })
    }
    var lengths = fractions.map { Int((Double(count) * $0).rounded(.down)) }
    for i in 0..<Swift.max(0, count - lengths.reduce(0, +)) { lengths[i % lengths.count] += 1 }
    return randomSplit(lengths, generator: generator)
  }
}
