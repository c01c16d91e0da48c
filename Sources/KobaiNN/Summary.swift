import KobaiOperators
import KobaiTensor

/// A table of a module's parts with their output shapes and numbers of parameters, as torchinfo prints it.
///
///     print(net.summary(inputSize: [1, 1, 28, 28]))
public struct Summary: Sendable, CustomStringConvertible {
  /// One module, in the order in which they are called; one that is not called stands at its place too.
  public struct Row: Sendable, Hashable {
    /// The module's type.
    public let type: String
    /// Its path: `layers.0`; empty for the whole.
    public let path: String
    /// How many modules stand above it.
    public let depth: Int
    /// Its place among the modules of its depth, from 1.
    public let index: Int
    /// The shapes of its outputs; empty if it was not called.
    public let outputShapes: [Shape]
    /// The number of its own parameters; those of its parts stand in their rows.
    public let parameterCount: Int
    /// Multiplications and additions of its own parameters in this call.
    public let multiplyAdds: Int
  }

  /// The modules, in the order in which they are called.
  public let rows: [Row]
  /// The shapes of the inputs of the call.
  public let inputShapes: [Shape]
  /// Elements of all parameters.
  public let parameterCount: Int
  /// Those of them that are trained.
  public let trainableCount: Int
  /// Multiplications and additions of one call.
  public let multiplyAdds: Int
  /// Bytes of the inputs, of the outputs that backward needs (twice, with their gradients), of parameters.
  public let inputBytes, passBytes, parameterBytes: Int

  public var description: String {
    let names = rows.map { row in
      guard row.depth > 0 else { return row.type }
      let indent = String(repeating: "│    ", count: row.depth - 1)
      return "\(indent)├─\(row.type) (\(row.path.split(separator: ".").last ?? "")): "
        + "\(row.depth)-\(row.index)"
    }
    let shapes = rows.map { row in
      row.outputShapes.isEmpty ? "--" : row.outputShapes.map { "\($0)" }.joined(separator: ", ")
    }
    let counts = rows.map { $0.parameterCount == 0 ? "--" : $0.parameterCount.grouped }
    let first = Swift.max(40, (names.map(\.count).max() ?? 0) + 2)
    let second = Swift.max(24, (shapes.map(\.count).max() ?? 0) + 2)
    let rule = String(repeating: "=", count: first + second + 16)
    var lines = [rule]
    lines.append("Layer (type:depth-idx)".padded(first) + "Output Shape".padded(second) + "Param #")
    lines.append(rule)
    for (i, name) in names.enumerated() {
      lines.append(name.padded(first) + shapes[i].padded(second) + counts[i])
    }
    lines += [
      rule, "Total params: \(parameterCount.grouped)",
      "Trainable params: \(trainableCount.grouped)",
      "Non-trainable params: \((parameterCount - trainableCount).grouped)",
      "Total mult-adds: \(multiplyAdds.grouped)", rule,
      "Input size (MB): \(inputBytes.megabytes)",
      "Forward/backward pass size (MB): \(passBytes.megabytes)",
      "Params size (MB): \(parameterBytes.megabytes)",
      "Estimated total size (MB): \((inputBytes + passBytes + parameterBytes).megabytes)", rule,
    ]
    return lines.joined(separator: "\n")
  }
}

extension Forward where Input == Tensor {
  /// The table of this module's parts for an input of this shape.
  ///
  /// The module is called once, in evaluation mode, without recording.
  public func summary(inputSize: Shape, dtype: DType? = nil) -> Summary {
    summary(Tensor.zeros(inputSize, dtype: dtype ?? parameters.first?.dtype))
  }
}

extension Forward {
  /// The table of this module's parts for a call with `input`.
  public func summary(_ input: Input) -> Summary {
    summarize(inputs: [input]) { _ = self(input) }
  }
}

extension ModuleBase {
  /// The table of this module's parts for a call that `run` makes.
  ///
  ///     attention.summarize(inputs: [q, k, v]) { _ = attention(q, k, v) }
  public final func summarize(inputs: [Any], _ run: () -> Void) -> Summary {
    var outputs: [ObjectIdentifier: [Tensor]] = [:]
    let handles = modules.map { module in
      module.addHook { hooks, number in
        hooks.observers.append(
          (
            number,
            { module, output in
              let key = ObjectIdentifier(module)
              if outputs[key] == nil { outputs[key] = tensors(in: output) }
            }
          ))
      }
    }
    let modes = modules.map { ($0, $0.isTraining) }
    eval()
    noGrad { run() }
    for (module, mode) in modes where mode { module.restoreTraining() }
    for handle in handles { handle.remove() }
    return Summary(self, inputs.flatMap { tensors(in: $0) }, outputs)
  }
}

extension Summary {
  fileprivate init(
    _ module: ModuleBase, _ inputs: [Tensor], _ outputs: [ObjectIdentifier: [Tensor]]
  ) {
    var rows: [Row] = []
    var perDepth: [Int: Int] = [:]
    for (path, part) in module.namedModules {
      let own = part.members.compactMap { member -> Tensor? in
        if case .parameter(let tensor) = member.kind { return tensor }
        return nil
      }
      let level = module.depth(of: path)
      perDepth[level, default: 0] += 1
      let results = outputs[ObjectIdentifier(part)] ?? []
      rows.append(
        Row(
          type: "\(Swift.type(of: part))", path: path, depth: level, index: perDepth[level] ?? 1,
          outputShapes: results.map(\.shape),
          parameterCount: own.reduce(0) { $0 + $1.count },
          multiplyAdds: own.reduce(0) { $0 + multiplyAddsOf($1, results.first) }))
    }
    self.rows = rows
    inputShapes = inputs.map(\.shape)
    let parameters = module.parameters
    parameterCount = parameters.reduce(0) { $0 + $1.count }
    trainableCount = parameters.filter(\.requiresGrad).reduce(0) { $0 + $1.count }
    multiplyAdds = rows.reduce(0) { $0 + $1.multiplyAdds }
    inputBytes = inputs.reduce(0) { $0 + $1.count * $1.dtype.size }
    // What is kept are the outputs of the parts that have parameters, and their gradients.
    passBytes =
      2
      * module.modules.filter { $0.children.isEmpty && !$0.parameters.isEmpty }
      .flatMap { outputs[ObjectIdentifier($0)] ?? [] }.reduce(0) { $0 + $1.count * $1.dtype.size }
    parameterBytes = parameters.reduce(0) { $0 + $1.count * $1.dtype.size }
  }
}

/// A parameter [out, …] is used once for each output place: each element of the output beyond its channels.
private func multiplyAddsOf(_ parameter: Tensor, _ output: Tensor?) -> Int {
  guard let output, let channels = parameter.shape.first, channels > 0 else { return 0 }
  return output.count % channels == 0 ? output.count / channels * parameter.count : parameter.count
}

/// The tensors in a value of any structure: a tensor, tuples, arrays, optionals.
private func tensors(in value: Any) -> [Tensor] {
  if let tensor = value as? Tensor { return [tensor] }
  return Mirror(reflecting: value).children.flatMap { tensors(in: $0.value) }
}

extension ModuleBase {
  /// How many modules stand above the one with this path.
  fileprivate final func depth(of path: String) -> Int {
    let above = Set(namedModules.map(\.name))
    var depth = 0
    var prefix = ""
    for part in path.split(separator: ".") {
      prefix = prefix.appending(String(part))
      if above.contains(prefix) { depth += 1 }
    }
    return depth
  }
}

extension Int {
  /// Millions, with two places.
  fileprivate var megabytes: String {
    let hundredths = Int((Double(self) / 1e4).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}
