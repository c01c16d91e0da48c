import KobaiTensor

extension MemoryPlan: CustomStringConvertible {
  /// Each block of memory with the values that lie in it one after the other and the steps, by number, from
  /// which to which it is taken:
  ///
  ///     memory plan: 4096 bytes in one arena, 12 in memory of outputs, 1 single elements
  ///     arena 0..<2048, steps 0–3: %5 %9
  ///     output 0, 12 bytes in the place of input 1: %11
  var description: String {
    let outputs = owned.reduce(0) { $0 + $1.type.byteCount }
    var lines = [
      "memory plan: \(arenaBytes) bytes in one arena, \(outputs) in memory of outputs, "
        + "\(cellCount) single elements"
    ]
    func names(_ values: [Int]) -> String { values.map { "%\($0)" }.joined(separator: " ") }
    for block in shared {
      let (first, last) = (block.steps.lowerBound, block.steps.upperBound)
      lines.append(
        "arena \(block.offset)..<\(block.offset + block.bytes), "
          + (first == last ? "step \(first)" : "steps \(first)–\(last)") + ": "
          + names(block.values))
    }
    for (i, block) in owned.enumerated() {
      let place =
        block.donor.map { " in the place of input \($0)" }
        ?? (block.recycles.isEmpty ? "" : " in the place of the gradient before, if any")
      lines.append("output \(i), \(block.type.byteCount) bytes\(place): \(names(block.values))")
    }
    return lines.joined(separator: "\n")
  }
}
