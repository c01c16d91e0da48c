extension Case: Decodable {
  /// Every key that a line may have.
  enum CodingKeys: String, CodingKey {
    case id, kind, tier, dtype, file
    case op, variant, call, args, kwargs, inplace, error
    case compare, out, cotangents, grads, vectors, grads2, mutated, unstable
    case unstableGrad = "unstable_grad"
    case module, training, ctor, state
    case errorOn = "error_on"
    case optimizer, params, groups, closure, expect
    case sparseGrads = "sparse_grads"
    case scheduler, lr0, metrics, lrs
    case totalNorm = "total_norm"
  }

  typealias Fields = KeyedDecodingContainer<CodingKeys>

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    id = try fields.decode(String.self, forKey: .id)
    kind = try fields.decode(String.self, forKey: .kind)
    tier = try fields.decodeIfPresent(Int.self, forKey: .tier)
    dtype = try fields.decodeIfPresent(String.self, forKey: .dtype)
    file = try fields.decodeIfPresent(String.self, forKey: .file) ?? ""
    subject = id
    for key in [CodingKeys.call, .module, .optimizer, .scheduler] where fields.contains(key) {
      subject = try fields.decode(String.self, forKey: key)
    }
    do {
      body = try Self.body(kind, fields)
    } catch {
      body = .unreadable("\(error)")
    }
  }

  private static func body(_ kind: String, _ fields: Fields) throws -> Body {
    switch kind {
    case "op", "op_error": .call(try CallCase(fields))
    case "module", "module_error": .module(try ModuleCase(fields))
    case "optimizer", "optimizer_error": .optimizer(try OptimizerCase(fields))
    case "scheduler": .scheduler(try SchedulerCase(fields))
    case "clip_grad_norm": .clipGradNorm(try ClipGradNormCase(fields))
    default: .unknown
    }
  }
}

extension KeyedDecodingContainer where Key == Case.CodingKeys {
  fileprivate func arguments() throws -> ([CaseValue], [String: CaseValue]) {
    (
      try decodeIfPresent([CaseValue].self, forKey: .args) ?? [],
      try decodeIfPresent([String: CaseValue].self, forKey: .kwargs) ?? [:]
    )
  }

  /// Nil for the kinds whose call must be refused.
  fileprivate func expectation() throws -> Expectation? {
    guard let compare = try decodeIfPresent(String.self, forKey: .compare) else { return nil }
    return Expectation(
      compare: compare,
      out: try decode(CaseValue.self, forKey: .out),
      cotangents: try decodeIfPresent([TensorReference?].self, forKey: .cotangents),
      grads: try decodeIfPresent([String: TensorReference?].self, forKey: .grads) ?? [:],
      gradOrder: [],
      vectors: try decodeIfPresent([TensorReference?].self, forKey: .vectors),
      grads2: try decodeIfPresent([String: TensorReference?].self, forKey: .grads2) ?? [:],
      mutated: try decodeIfPresent([String: TensorReference].self, forKey: .mutated) ?? [:],
      isUnstable: try flag(.unstable) || flag(.unstableGrad))
  }

  fileprivate func flag(_ key: Key) throws -> Bool {
    try decodeIfPresent(Bool.self, forKey: key) ?? false
  }

  fileprivate func error() throws -> ExpectedError? {
    try decodeIfPresent(ExpectedError.self, forKey: .error)
  }
}

extension CallCase {
  init(_ fields: Case.Fields) throws {
    op = try fields.decode(String.self, forKey: .op)
    variant = try fields.decodeIfPresent(String.self, forKey: .variant) ?? ""
    call = try fields.decode(String.self, forKey: .call)
    (args, kwargs) = try fields.arguments()
    hasInPlaceForm = try fields.flag(.inplace)
    expected = try fields.expectation()
    error = try fields.error()
  }
}

extension ModuleCase {
  private struct Constructor: Decodable {
    var args: [CaseValue]?
    var kwargs: [String: CaseValue]?
  }

  init(_ fields: Case.Fields) throws {
    module = try fields.decode(String.self, forKey: .module)
    isTraining = try fields.flag(.training)
    let constructor = try fields.decodeIfPresent(Constructor.self, forKey: .ctor)
    constructorArgs = constructor?.args ?? []
    constructorKwargs = constructor?.kwargs ?? [:]
    state = try fields.decodeIfPresent([String: TensorReference].self, forKey: .state) ?? [:]
    (args, kwargs) = try fields.arguments()
    expected = try fields.expectation()
    error = try fields.error()
    errorOn = try fields.decodeIfPresent(String.self, forKey: .errorOn)
  }
}

extension OptimizerCase {
  init(_ fields: Case.Fields) throws {
    optimizer = try fields.decode(String.self, forKey: .optimizer)
    kwargs = try fields.decodeIfPresent([String: CaseValue].self, forKey: .kwargs) ?? [:]
    error = try fields.error()
    errorOn = try fields.decodeIfPresent(String.self, forKey: .errorOn)
    isUnstable = try fields.flag(.unstable)
    hasSparseGrads = try fields.flag(.sparseGrads)
    closure = try fields.decodeIfPresent(Closure.self, forKey: .closure)
    groups = try fields.decodeIfPresent([Group].self, forKey: .groups) ?? []
    grads = try fields.decodeIfPresent([TensorReference?].self, forKey: .grads) ?? []
    if error != nil {
      params = try fields.decodeIfPresent(CaseValue.self, forKey: .params) ?? .null
    } else {
      params = .list(try fields.decode([CaseValue].self, forKey: .params))
    }
    let steps = try fields.decodeIfPresent([String: [TensorReference]].self, forKey: .expect) ?? [:]
    expect = [:]
    for (step, tensors) in steps { expect[Int(step) ?? 0] = tensors }
  }
}

extension SchedulerCase {
  init(_ fields: Case.Fields) throws {
    scheduler = try fields.decode(String.self, forKey: .scheduler)
    initialRate = try fields.decode(Double.self, forKey: .lr0)
    kwargs = try fields.decodeIfPresent([String: CaseValue].self, forKey: .kwargs) ?? [:]
    metrics = try fields.decodeIfPresent([Double].self, forKey: .metrics)
    rates = try fields.decode([Double].self, forKey: .lrs)
  }
}

extension ClipGradNormCase {
  init(_ fields: Case.Fields) throws {
    grads = try fields.decode([TensorReference].self, forKey: .grads)
    kwargs = try fields.decodeIfPresent([String: CaseValue].self, forKey: .kwargs) ?? [:]
    totalNorm = try fields.decode(TensorReference.self, forKey: .totalNorm)
    expect = try fields.decode([TensorReference].self, forKey: .expect)
  }
}

extension Case {
  /// Restores the order of the gradients' keys, which a decoded dictionary has lost.
  mutating func orderGradients(asIn line: String) {
    func ordered(_ expected: Expectation?) -> Expectation? {
      guard var result = expected else { return nil }
      result.gradOrder = result.grads.keys.sorted()
      // Only directions of second order go by position.
      guard result.vectors != nil, let start = line.firstRange(of: "\"grads\"") else {
        return result
      }
      let rest = line[start.upperBound...]
      let places = result.grads.keys.map { key in
        (rest.firstRange(of: "\"\(key)\"")?.lowerBound ?? rest.endIndex, key)
      }
      result.gradOrder = places.sorted { $0.0 < $1.0 }.map(\.1)
      return result
    }
    switch body {
    case .call(var call):
      call.expected = ordered(call.expected)
      body = .call(call)
    case .module(var module):
      module.expected = ordered(module.expected)
      body = .module(module)
    default: break
    }
  }
}
