/// What a worker process writes, line by line, and its supervisor reads.
public enum WorkerMessage: Sendable, Hashable {
  /// Case `index` of the selection begins.
  case begin(Int)
  /// Case `index` has ended.
  case end(Int, Outcome)

  private static let mark: Character = "\u{1}"

  /// One line without its end.
  public var line: String {
    switch self {
    case .begin(let index): return "\(Self.mark)begin\t\(index)"
    case .end(let index, let outcome):
      let reason = outcome.reason.split(whereSeparator: \.isNewline).joined(separator: " ")
      return "\(Self.mark)end\t\(index)\t\(outcome.status.rawValue)\t\(reason)"
    }
  }

  /// Nil for a line that something else has printed.
  public init?(_ line: some StringProtocol) {
    guard line.first == Self.mark else { return nil }
    let fields = line.dropFirst().split(
      separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
    guard fields.count >= 2, let index = Int(fields[1]) else { return nil }
    switch fields[0] {
    case "begin": self = .begin(index)
    case "end":
      guard fields.count == 4, let status = Outcome.Status(rawValue: String(fields[2])) else {
        return nil
      }
      self = .end(index, Outcome(status, String(fields[3])))
    default: return nil
    }
  }
}
