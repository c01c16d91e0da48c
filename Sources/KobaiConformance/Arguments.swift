import ComplexModule
import KobaiTensor

/// The arguments of a call, asked for by PyTorch's names. What nobody asks for is reported: no
/// argument is ever silently ignored.
public final class Arguments {
  /// How many arguments stood without a name.
  public let positionalCount: Int
  /// Positional arguments beyond the declared parameters.
  public private(set) var rest: [CaseValue]

  private var values: [String: CaseValue]
  private var asked: Set<String> = []
  private let session: Session

  /// - Parameter parameters: the names of the positional parameters, in PyTorch's order.
  public init(
    _ args: [CaseValue], _ kwargs: [String: CaseValue], parameters: [String], session: Session
  ) {
    self.session = session
    positionalCount = args.count
    rest = Array(args.dropFirst(parameters.count))
    values = kwargs
    // A Swift dictionary cannot hold a name twice, and neither can a Python call.
    for (name, value) in zip(parameters, args) { values[name] = value }
  }

  /// What no handler has asked for, except what changes nothing here.
  public var leftover: [String] {
    var names = values.keys.filter { !asked.contains($0) && !isHarmless($0) }.sorted()
    if !rest.isEmpty { names.append("\(rest.count) more positional") }
    return names
  }

  /// An `out=` tensor: results are returned in Swift, so the call cannot be written.
  public var hasOutputArgument: Bool {
    guard let out = values["out"], !asked.contains("out") else { return false }
    return !out.tensors.isEmpty
  }

  /// Arguments for a module inside of this call; they share its tensors.
  func nested(
    _ args: [CaseValue], _ kwargs: [String: CaseValue], parameters: [String]
  ) -> Arguments {
    Arguments(args, kwargs, parameters: parameters, session: session)
  }

  /// For a call that takes any arguments and reads none.
  func ignoreAll() {
    asked.formUnion(values.keys)
    rest = []
  }

  private func isHarmless(_ name: String) -> Bool {
    guard let value = values[name] else { return true }
    switch (name, value) {
    case (_, .memoryFormat), (_, .device("cpu")), ("device", .string("cpu")): return true
    case ("layout", .layout("strided")), ("requires_grad", .bool(false)): return true
    case ("pin_memory", .bool(false)): return true
    case ("out", .null), ("device", .null), ("generator", .null), ("layout", .null): return true
    default: return false
    }
  }
}

extension Arguments {
  /// Whether an argument was given and is not None. Does not count as asking for it.
  public func has(_ name: String) -> Bool { values[name].map { $0 != .null } ?? false }

  /// The argument as it stands in the case; nil if it was not given.
  public func value(_ name: String) -> CaseValue? {
    asked.insert(name)
    return values[name]
  }

  /// The positional arguments beyond the declared ones.
  public func takeRest() -> [CaseValue] {
    defer { rest = [] }
    return rest
  }

  /// The argument; nil if it was not given or is None.
  private func present(_ name: String) -> CaseValue? {
    value(name).flatMap { $0 == .null ? nil : $0 }
  }

  private func require<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else {
      throw ArgumentTypeMismatch("the parameter \(name) needs an argument")
    }
    return value
  }

  private func mismatch(_ name: String, _ type: String, _ value: CaseValue) -> ArgumentTypeMismatch
  {
    ArgumentTypeMismatch("the parameter \(name) is of type \(type) and does not take \(value.kind)")
  }
}

// MARK: - Tensors

extension Arguments {
  public func tensor(_ name: String) throws -> Tensor {
    try require(name, optionalTensor(name))
  }

  public func optionalTensor(_ name: String) throws -> Tensor? {
    guard let value = present(name) else { return nil }
    guard case .tensor(let reference) = value else { throw mismatch(name, "Tensor", value) }
    return try session.tensor(reference)
  }

  /// A tensor, or a number as an operand that adopts the dtype of what it meets.
  public func operand(_ name: String) throws -> Tensor {
    try require(name, optionalOperand(name))
  }

  public func optionalOperand(_ name: String) throws -> Tensor? {
    guard let value = present(name) else { return nil }
    guard let tensor = try operand(value) else { throw mismatch(name, "Tensor", value) }
    return tensor
  }

  /// A number alone, as an operand that adopts the dtype of what it meets.
  public func number(_ name: String, default fallback: Tensor) throws -> Tensor {
    guard let value = present(name) else { return fallback }
    if case .tensor = value { throw mismatch(name, "number", value) }
    guard let tensor = try operand(value) else { throw mismatch(name, "number", value) }
    return tensor
  }

  /// Whether the argument is a tensor. Does not count as asking for it.
  public func isTensor(_ name: String) -> Bool {
    if case .tensor = values[name] { true } else { false }
  }

  private func operand(_ value: CaseValue) throws -> Tensor? {
    switch value {
    case .tensor(let reference): try session.tensor(reference)
    case .int(let number): Tensor(weak: number)
    case .float(let number): Tensor(weak: number)
    case .bool(let flag): Tensor(weak: flag)
    case .complex(let real, let imaginary): Tensor(weak: Complex(real, imaginary))
    default: nil
    }
  }

  /// A list or tuple of tensors.
  public func tensors(_ name: String) throws -> [Tensor] {
    let value = try require(name, present(name))
    return try tensors(value, name)
  }

  /// A list of tensors, or tensors that stand one by one from this parameter on.
  public func tensorsOrRest(_ name: String) throws -> [Tensor] {
    guard let first = present(name) else { return [] }
    guard case .tensor = first else { return try tensors(first, name) }
    return try tensors(.list([first] + takeRest()), name)
  }

  private func tensors(_ value: CaseValue, _ name: String) throws -> [Tensor] {
    let items: [CaseValue]
    switch value {
    case .list(let values), .tuple(let values): items = values
    // An empty list has no elements to tell its kind by.
    case .ints(let values), .intTuple(let values): items = values.map(CaseValue.int)
    default: throw mismatch(name, "[Tensor]", value)
    }
    return try items.map { item in
      guard case .tensor(let reference) = item else { throw mismatch(name, "[Tensor]", item) }
      return try session.tensor(reference)
    }
  }

  /// Any tensor inside of a value that a handler takes apart by itself.
  public func tensor(of reference: TensorReference) throws -> Tensor {
    try session.tensor(reference)
  }

  /// What an in-place operation leaves in a variable that holds a tensor of its own.
  public func updated(_ name: String, _ body: (inout Tensor) throws -> Void) throws -> Tensor {
    // New memory: an operation writes to the elements themselves where nothing else refers to them,
    // and the case keeps its tensors.
    let host = HostTensor(try tensor(name))
    var variable = Tensor(bytes: host.bytes, dtype: host.dtype, shape: host.shape)
    try body(&variable)
    return variable
  }

  /// Records that the operation has written `tensor` to one of its inputs.
  public func update(_ name: String, to tensor: Tensor) {
    if case .tensor(let reference) = values[name] { session.update(reference, to: tensor) }
  }
}

// MARK: - Numbers and names

extension Arguments {
  public func int(_ name: String, default fallback: Int? = nil) throws -> Int {
    try require(name, optionalInt(name) ?? fallback)
  }

  public func optionalInt(_ name: String) throws -> Int? {
    guard let value = present(name) else { return nil }
    guard case .int(let number) = value else { throw mismatch(name, "Int", value) }
    return number
  }

  /// Ints take the place of a double, as in Swift's literals.
  public func double(_ name: String, default fallback: Double? = nil) throws -> Double {
    try require(name, optionalDouble(name) ?? fallback)
  }

  public func optionalDouble(_ name: String) throws -> Double? {
    guard let value = present(name) else { return nil }
    switch value {
    case .float(let number): return number
    case .int(let number): return Double(number)
    default: throw mismatch(name, "Double", value)
    }
  }

  public func bool(_ name: String, default fallback: Bool) throws -> Bool {
    try optionalBool(name) ?? fallback
  }

  public func optionalBool(_ name: String) throws -> Bool? {
    guard let value = present(name) else { return nil }
    guard case .bool(let flag) = value else { throw mismatch(name, "Bool", value) }
    return flag
  }

  public func optionalString(_ name: String) throws -> String? {
    guard let value = present(name) else { return nil }
    guard case .string(let text) = value else { throw mismatch(name, "String", value) }
    return text
  }

  public func string(_ name: String, default fallback: String? = nil) throws -> String {
    try require(name, optionalString(name) ?? fallback)
  }

  /// One of the cases of an enum, by PyTorch's name for it.
  public func option<T>(
    _ name: String, default fallback: T, _ choices: KeyValuePairs<String, T>
  ) throws -> T {
    guard let text = try optionalString(name) else { return fallback }
    guard let choice = choices.first(where: { $0.key == text }) else {
      let known = choices.map { ".\($0.key)" }.joined(separator: ", ")
      throw ArgumentTypeMismatch("the parameter \(name) takes \(known), not \"\(text)\"")
    }
    return choice.value
  }

  public func optionalDType(_ name: String) throws -> DType? {
    guard let value = present(name) else { return nil }
    guard case .dtype(let text) = value else { throw mismatch(name, "DType", value) }
    guard let dtype = DType(name: text) else { throw Unsupported("dtype \(text)") }
    return dtype
  }
}

// MARK: - Lists of ints

extension Arguments {
  public func ints(_ name: String) throws -> [Int] { try require(name, optionalInts(name)) }

  public func optionalInts(_ name: String) throws -> [Int]? {
    guard let value = present(name) else { return nil }
    guard let ints = Self.ints(value) else { throw mismatch(name, "[Int]", value) }
    return ints
  }

  /// One int or several; an int alone is a list of one.
  public func intOrInts(_ name: String) throws -> [Int] {
    try require(name, optionalIntOrInts(name))
  }

  public func optionalIntOrInts(_ name: String) throws -> [Int]? {
    guard let value = present(name) else { return nil }
    if case .int(let number) = value { return [number] }
    guard let ints = Self.ints(value) else { throw mismatch(name, "Int or [Int]", value) }
    return ints
  }

  /// Ints in a list, or one by one from this parameter on, as in `x.view(2, 3)`.
  public func intsOrRest(_ name: String) throws -> [Int] {
    let first = try intOrInts(name)
    return try first
      + takeRest().map { value in
        guard case .int(let number) = value else { throw mismatch(name, "Int", value) }
        return number
      }
  }

  /// One number or several; a number alone is a list of one.
  public func optionalDoubles(_ name: String) throws -> [Double]? {
    guard let value = present(name) else { return nil }
    switch value {
    case .float(let number): return [number]
    case .int(let number): return [Double(number)]
    case .ints(let numbers), .intTuple(let numbers): return numbers.map(Double.init)
    case .list(let items), .tuple(let items):
      return try items.map { item in
        switch item {
        case .float(let number): number
        case .int(let number): Double(number)
        default: throw mismatch(name, "[Double]", item)
        }
      }
    default: throw mismatch(name, "[Double]", value)
    }
  }

  /// A list of ints; an empty list has no kind of its own.
  static func ints(_ value: CaseValue) -> [Int]? {
    switch value {
    case .ints(let ints), .intTuple(let ints): return ints
    case .list(let items), .tuple(let items):
      let ints = items.compactMap { if case .int(let number) = $0 { number } else { nil } }
      return ints.count == items.count ? ints : nil
    default: return nil
    }
  }
}
