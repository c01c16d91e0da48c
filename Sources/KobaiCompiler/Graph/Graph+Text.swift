import KobaiTensor

extension Graph {
  /// What a picture says of a step: its name, the operations of a fused group, the module that called it
  /// and the bytes that it reads and writes.
  package func labels(of step: Step) -> [String] {
    var lines = [step.name]
    if let members = step.members {
      // Groups of many are shown by how often each operation occurs, in order.
      var counts: [(name: String, count: Int)] = []
      for member in members {
        if let i = counts.firstIndex(where: { $0.name == member }) {
          counts[i].count += 1
        } else {
          counts.append((member, 1))
        }
      }
      lines.append(
        counts.map { $0.count == 1 ? $0.name : "\($0.count) \($0.name)" }.joined(separator: ", "))
    }
    if !step.scope.isEmpty { lines.append(step.scope) }
    let moved = bytesMoved(step)
    if moved > 0 { lines.append("\(moved) bytes") }
    return lines
  }

  /// The graph for Graphviz: inputs and constants blue, operations grey, outputs green. `GraphDrawing` of
  /// the charts draws it as SVG.
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
      let label = labels(of: step).joined(separator: "\\n")
      lines.append("  s\(i) [label=\"\(label)\", fillcolor=lightgrey];")
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
