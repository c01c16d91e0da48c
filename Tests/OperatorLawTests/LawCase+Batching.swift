import Kobai
import KobaiTestSupport

extension LawCase {
  /// vmap against a loop: over each subset of the inputs, nested, along the last axis, and of gradients.
  func checkBatching() -> [String] {
    let count = sample.inputs.count
    guard count > 0 else { return [] }
    var failures: [String] = []
    for subset in Self.subsets(count) {
      let axes = (0..<count).map { subset.contains($0) ? 0 : nil }
      failures += compare(batch: 3, axes: axes).map { "vmap over inputs \(subset.sorted()): \($0)" }
    }
    failures += compareNested().map { "vmap in vmap: \($0)" }
    failures += compareLastAxis().map { "vmap along the last axis: \($0)" }
    failures += compareGradients().map { "vmap of the gradient: \($0)" }
    return failures
  }

  /// Every subset of few inputs; single ones and all of many.
  private static func subsets(_ count: Int) -> [Set<Int>] {
    if count <= 4 {
      return (1..<(1 << count)).map { mask in Set((0..<count).filter { mask >> $0 & 1 == 1 }) }
    }
    return (0..<count).map { [$0] } + [Set(0..<count)]
  }

  private func compare(batch: Int, axes: [Int?]) -> [String] {
    let variants = (0..<batch).map { inputs(variant: $0) }
    let examples = variants.map { variant in
      variant.indices.map { axes[$0] == nil ? variants[0][$0] : variant[$0] }
    }
    let stacked = axes.indices.map { i in
      axes[i] == nil ? variants[0][i] : stack(examples.map { $0[i] })
    }
    let got = map(sample.call, axes, stacked)
    return Self.compare(got, examples.map(sample.call))
  }

  /// vmap, with one draw for all examples where the numbers drawn do not depend on what differs.
  private func map(
    _ call: @escaping ([Tensor]) -> [Tensor], _ axes: [Int?], _ inputs: [Tensor]
  ) -> [Tensor] {
    let same = try? recovering { vmap(call, inAxes: axes, randomness: .same)(inputs) }
    return same ?? vmap(call, inAxes: axes, randomness: .different)(inputs)
  }

  private func compareNested() -> [String] {
    let variants = (0..<2).map { i in (0..<3).map { j in inputs(variant: 3 * i + j) } }
    let call = sample.call
    let stacked = sample.inputs.indices.map { k in
      stack(variants.map { row in stack(row.map { $0[k] }) })
    }
    let got = map({ map(call, stacked.map { _ in 0 }, $0) }, stacked.map { _ in 0 }, stacked)
    let rows = variants.map { row in
      let results = row.map(call)
      return results[0].indices.map { k in stack(results.map { $0[k] }) }
    }
    return Self.compare(got, rows)
  }

  private func compareLastAxis() -> [String] {
    let examples = (0..<3).map { inputs(variant: $0) }
    let stacked = sample.inputs.indices.map { i in
      let front = stack(examples.map { $0[i] })
      return front.permute(Array(1..<front.rank) + [0])
    }
    let got = map(sample.call, sample.inputs.map { _ in -1 }, stacked)
    return Self.compare(got, examples.map(sample.call))
  }

  private func compareGradients() -> [String] {
    var random = random
    guard let gradient = function.gradient(&random) else { return [] }
    let chosen = sample.inputs.indices.filter { sample.inputs[$0].isDifferentiated }
    let examples = (0..<3).map { variant in
      let inputs = inputs(variant: variant)
      return chosen.map { inputs[$0] }
        + gradient.inputs.dropFirst(chosen.count).map { random.direction(like: $0) }
    }
    let stacked = gradient.inputs.indices.map { i in stack(examples.map { $0[i] }) }
    let got = map(gradient.call, stacked.map { _ in 0 }, stacked)
    return Self.compare(got, examples.map(gradient.call))
  }

  /// Stacked results against those of single calls.
  private static func compare(_ got: [Tensor], _ calls: [[Tensor]]) -> [String] {
    guard got.count == calls[0].count else {
      return ["\(got.count) results, not \(calls[0].count)"]
    }
    return got.indices.compactMap { i in
      let expected = stack(calls.map { $0[i] })
      let scale = 64 * expected.dtype.epsilon
      return difference(
        got[i], expected,
        Tolerance(relative: scale, absolute: scale * max(1, expected.largestFinite)))
    }
  }
}
