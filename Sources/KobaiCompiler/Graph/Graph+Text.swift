import KobaiTensor

extension Graph {
  /// The graph for Graphviz: inputs and constants blue, operations grey, outputs green.
  public var dot: String {
    func label(_ value: Int) -> String { "%\(value) \(types[value])" }
    var lines = ["digraph {", "  node [shape=box, style=filled, fontname=\"sans-serif\"];"]
    for input in inputs {
      lines.append("  v\(input) [label=\"\(label(input))\", fillcolor=lightblue];")
    }
    for (value, _) in constants {
      lines.append("  v\(value) [label=\"constant \(label(value))\", fillcolor=lightblue];")
    }
    for (i, step) in steps.enumerated() {
      let scope = step.scope.isEmpty ? "" : "\\n\(step.scope)"
      lines.append("  s\(i) [label=\"\(step.name)\(scope)\", fillcolor=lightgrey];")
      for input in step.inputs { lines.append("  \(source(input)) -> s\(i);") }
    }
    for (i, output) in outputs.enumerated() {
      lines.append("  o\(i) [label=\"output \(i)\\n\(types[output])\", fillcolor=lightgreen];")
      lines.append("  \(source(output)) -> o\(i);")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func source(_ value: Int) -> String {
    steps.firstIndex { $0.outputs.contains(value) }.map { "s\($0)" } ?? "v\(value)"
  }

  /// The graph as JSON, for other programs. The form is stable:
  ///
  ///     {"version": 1,
  ///      "values": [{"dtype": "float32", "shape": [3]}, …],
  ///      "inputs": [0], "outputs": [2],
  ///      "constants": [{"value": 1, "dtype": "float32", "shape": [], "elements": [2.0]}],
  ///      "steps": [{"operation": "mul", "attributes": "Mul()", "inputs": [0, 1], "outputs": [2],
  ///                 "scope": "Net.fc1"}]}
  ///
  /// Values are numbered in the order of `values`; steps stand in the order in which they run. Elements of
  /// constants that are no numbers (NaN, infinities) are strings. Attributes are the operation's stored
  /// properties as Swift prints them.
  public var json: String {
    func list(_ parts: [String]) -> String { "[" + parts.joined(separator: ", ") + "]" }
    func type(_ type: TensorType) -> String {
      "\"dtype\": \"\(type.dtype)\", \"shape\": \(type.shape)"
    }
    let values = types.map { "{\(type($0))}" }
    let constants = constants.map { value, tensor -> String in
      let wide: DType = tensor.dtype.isComplex ? .complex128 : .float64
      let numbers: [String]
      if tensor.dtype.isDifferentiable {
        let bytes = tensor.detach().to(wide).bytes
        numbers = bytes.withUnsafeBytes { buffer in
          buffer.bindMemory(to: Double.self).map { $0.isFinite ? "\($0)" : "\"\($0)\"" }
        }
      } else {
        numbers = tensor.array(as: Int64.self).map { "\($0)" }
      }
      return "{\"value\": \(value), \(type(types[value])), \"elements\": \(list(numbers))}"
    }
    let steps = steps.map { step -> String in
      "{\"operation\": \(Self.quoted(step.name)), "
        + "\"attributes\": \(Self.quoted("\(step.primitive)")), "
        + "\"inputs\": \(step.inputs), \"outputs\": \(step.outputs), "
        + "\"scope\": \(Self.quoted(step.scope))}"
    }
    return """
      {"version": 1,
       "values": \(list(values)),
       "inputs": \(inputs), "outputs": \(outputs),
       "constants": \(list(constants)),
       "steps": \(list(steps))}
      """
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default:
        if scalar.value < 32 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
