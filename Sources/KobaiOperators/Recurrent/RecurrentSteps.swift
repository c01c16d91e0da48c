import KobaiTensor

/// The order in which the rows of a batch of sequences are gone through.
package struct RecurrentSteps: Hashable, Sendable {
  /// How many sequences have a step of each number; never increasing.
  package let batchSizes: [Int]
  package let isReversed: Bool

  package init(_ batchSizes: [Int], isReversed: Bool) {
    self.batchSizes = batchSizes
    self.isReversed = isReversed
  }

  /// Hands the states from step to step.
  ///
  /// A sequence that has ended keeps its last state; in reverse a sequence begins, with its initial state,
  /// at the step that is its last.
  ///
  /// - Parameters:
  ///   - gates: [rows, …], what each step takes from the input.
  ///   - initial: [batch, …] each; the first is the output.
  ///   - cell: the states after a step, from its rows of `gates` and the states before.
  /// - Returns: the outputs [rows, …] and the last state of each sequence.
  package func run(
    _ gates: Tensor, _ initial: [Tensor], _ cell: (_ gates: Tensor, _ states: [Tensor]) -> [Tensor]
  ) -> (Tensor, [Tensor]) {
    let parts = gates.split(batchSizes)
    guard parts.count == batchSizes.count, let widest = batchSizes.first else {
      return (.poison, initial)
    }
    var active = isReversed ? batchSizes[batchSizes.count - 1] : widest
    var states = active == widest ? initial : initial.map { $0.rows(0, active) }
    var ended: [[Tensor]] = []
    var outputs: [Tensor] = []
    for i in batchSizes.indices {
      let step = isReversed ? batchSizes.count - 1 - i : i
      let count = batchSizes[step]
      if count < active {
        ended.append(states.map { $0.rows(count, active) })
        states = states.map { $0.rows(0, count) }
      } else if count > active {
        states = zip(states, initial).map { Tensor.cat([$0, $1.rows(active, count)]) }
      }
      active = count
      states = cell(parts[step], states)
      outputs.append(states[0])
    }
    if !ended.isEmpty {
      states = states.indices.map { i in
        Tensor.cat([states[i]] + ended.reversed().map { $0[i] })
      }
    }
    return (Tensor.cat(isReversed ? outputs.reversed() : outputs), states)
  }
}

extension Tensor {
  fileprivate func rows(_ start: Int, _ end: Int) -> Tensor {
    narrow(dim: 0, start: start, length: end - start)
  }

  /// Part `index` of the last dimension, which holds gates of `size` each.
  package func gate(_ index: Int, size: Int) -> Tensor {
    narrow(dim: -1, start: index * size, length: size)
  }
}
