extension ModuleBase: CustomStringConvertible {
  /// PyTorch's picture of a module: its parts below each other.
  ///
  ///     print(Sequential(Linear(2, 3), ReLU()))
  ///     // Sequential(
  ///     //   (0): Linear(in_features=2, out_features=3, bias=True)
  ///     //   (1): ReLU()
  ///     // )
  public final var description: String { description(above: []) }

  private final func description(above: Set<ObjectIdentifier>) -> String {
    let name = "\(type(of: self))"
    guard !above.contains(ObjectIdentifier(self)) else { return "\(name)(…)" }
    let above = above.union([ObjectIdentifier(self)])
    var groups: [(name: String, lines: [String])] = []
    for (path, module) in namedChildren {
      let text = module.description(above: above).indentedAfterFirstLine
      // The parts of an array stand together, as in PyTorch's ModuleList.
      let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
      if parts.count == 2 {
        if groups.last?.name != parts[0] { groups.append((parts[0], [])) }
        groups[groups.count - 1].lines.append("(\(parts[1])): \(text)")
      } else {
        groups.append(("", ["(\(path)): \(text)"]))
      }
    }
    if groups.isEmpty { return "\(name)(\(extraDescription))" }
    var lines = extraDescription.isEmpty ? [] : [extraDescription]
    for group in groups {
      if group.name.isEmpty {
        lines += group.lines
      } else {
        lines.append("(\(group.name)): ModuleList(")
        lines += group.lines.map { "  " + $0.indentedAfterFirstLine }
        lines.append(")")
      }
    }
    return "\(name)(\n" + lines.map { "  \($0)\n" }.joined() + ")"
  }
}

extension String {
  fileprivate var indentedAfterFirstLine: String {
    split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
  }
}
