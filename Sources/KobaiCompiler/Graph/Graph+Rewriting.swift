import KobaiTensor

extension Graph {
  /// How many steps read each value, and outputs count too.
  func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for step in steps { for input in step.inputs { counts[input] += 1 } }
    for output in outputs { counts[output] += 1 }
    return counts
  }

  /// The number of the step that gives each value; nil for inputs and constants.
  func producers() -> [Int?] {
    var producers = [Int?](repeating: nil, count: types.count)
    for (i, step) in steps.enumerated() { for output in step.outputs { producers[output] = i } }
    return producers
  }

  /// The same graph whose steps are `steps`, and in which values are replaced: `replacement[value]`.
  /// Replacements of replacements are followed.
  func rewritten(steps: [Step], replacing replacement: [Int: Int]) -> Graph {
    func resolve(_ value: Int) -> Int {
      var value = value
      while let next = replacement[value] { value = next }
      return value
    }
    var result = self
    result.steps = steps.map { step in
      var step = step
      step.inputs = step.inputs.map(resolve)
      return step
    }
    result.outputs = outputs.map(resolve)
    return result
  }

  /// The same graph with values numbered in the order in which they are given; what is not used any more
  /// has no number.
  func renumbered() -> Graph {
    var numbers = [Int](repeating: -1, count: types.count)
    var result = Graph()
    func renumber(_ value: Int) -> Int {
      if numbers[value] < 0 { numbers[value] = result.value(types[value]) }
      return numbers[value]
    }
    result.inputs = inputs.map(renumber)
    result.constants = constants.map { (renumber($0.value), $0.tensor) }
    result.steps = steps.map { step in
      var step = step
      step.inputs = step.inputs.map(renumber)
      step.outputs = step.outputs.map(renumber)
      return step
    }
    result.outputs = outputs.map(renumber)
    result.donors = donors
    return result
  }
}
