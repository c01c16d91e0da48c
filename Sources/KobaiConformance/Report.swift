/// What has become of the selected cases.
public struct Report {
  /// One case and its outcome.
  public struct Entry: Sendable {
    public let id: String
    public let kind: String
    public let tier: Int?
    public let subject: String
    public let outcome: Outcome
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public mutating func add(_ item: Case, _ outcome: Outcome) {
    entries.append(
      Entry(
        id: item.id, kind: item.kind, tier: item.tier, subject: item.subject, outcome: outcome))
  }

  public func count(_ status: Outcome.Status) -> Int {
    entries.count { $0.outcome.status == status }
  }

  /// `N passed, M failed, K unsupported, L not applicable`: every case stands in exactly one.
  public var summary: String { Self.summary(of: entries) }

  private static func summary(of entries: some Collection<Entry>) -> String {
    Outcome.Status.allCases.map { status in
      "\(entries.count { $0.outcome.status == status }) \(status.rawValue)"
    }.joined(separator: ", ")
  }

  /// The summary for each tier and kind, one line each.
  public var breakdown: String {
    let groups = Dictionary(grouping: entries) { entry in
      "\(entry.tier.map { "tier \($0)" } ?? "no tier") \(entry.kind)"
    }
    return groups.sorted { $0.key < $1.key }
      .map { "\($0.key): \(Self.summary(of: $0.value))" }
      .joined(separator: "\n")
  }

  /// Failures, what is missing and what cannot be written, with the reasons.
  public func details(command: String) -> String {
    var lines: [String] = []
    let failures = entries.filter { $0.outcome.status == .failed }
    for entry in failures {
      lines.append("FAILED \(entry.id) (\(entry.subject)): \(entry.outcome.reason)")
    }
    if let first = failures.first {
      lines.append("To run one alone: \(command) --only '\(first.id)' --verbose")
    }
    let missing = Dictionary(
      grouping: entries.filter { $0.outcome.status == .unsupported }, by: \.outcome.reason)
    for (reason, group) in missing.sorted(by: {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }) {
      lines.append("UNSUPPORTED \(reason): \(group.count)")
    }
    for entry in entries where entry.outcome.status == .notApplicable {
      lines.append("NOT APPLICABLE \(entry.id) (\(entry.subject)): \(entry.outcome.reason)")
    }
    return lines.joined(separator: "\n")
  }
}

extension Report.Entry: Encodable {
  private enum CodingKeys: String, CodingKey { case id, kind, tier, subject, status, reason }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(id, forKey: .id)
    try fields.encode(kind, forKey: .kind)
    try fields.encodeIfPresent(tier, forKey: .tier)
    try fields.encode(subject, forKey: .subject)
    try fields.encode(outcome.status.rawValue, forKey: .status)
    try fields.encode(outcome.reason, forKey: .reason)
  }
}
