/// An argument or a result as it stands in a case: an object recognised by one key, or null for
/// Python's None.
public indirect enum CaseValue: Sendable, Hashable {
  case null
  case tensor(TensorReference)
  case int(Int)
  case float(Double)
  case bool(Bool)
  case string(String)
  case complex(Double, Double)
  /// A list or a tuple of ints; they differ only as an index, where a list means advanced indexing.
  case ints([Int])
  case intTuple([Int])
  case list([CaseValue])
  case tuple([CaseValue])
  case dict([String: CaseValue])
  case dtype(String)
  case layout(String)
  case memoryFormat(String)
  case device(String)
  case slice(start: CaseValue, stop: CaseValue, step: CaseValue)
  case ellipsis
  /// A PackedSequence: data, batch sizes, sorted indices, unsorted indices.
  case packed([CaseValue])
  /// A `torch.nn` module given as an argument.
  case module(name: String, args: CaseValue, kwargs: CaseValue)
  /// A function given by its name.
  case function(String)
  /// Only as an expected result: dtype and shape of a random or uninitialised tensor.
  case type(dtype: String, shape: [Int])
}

/// A tensor of a case: its key in the case's safetensors file and what is said about it.
public struct TensorReference: Sendable, Hashable, Decodable {
  public var key: String
  public var dtype: String
  public var shape: [Int]
  public var requiresGrad: Bool
  /// The strides of the sample it was made from, if that was not contiguous. The stored data are.
  public var strides: [Int]?
  /// Of an expected tensor: relative and absolute tolerance.
  public var tolerance: Tolerance?

  enum CodingKeys: String, CodingKey {
    case key = "t"
    case dtype, shape
    case requiresGrad = "rg"
    case strides = "stride"
    case tolerance = "tol"
  }

  public init(from decoder: any Decoder) throws {
    try self.init(decoder.container(keyedBy: CodingKeys.self))
  }

  init(_ container: KeyedDecodingContainer<CodingKeys>) throws {
    key = try container.decode(String.self, forKey: .key)
    dtype = try container.decode(String.self, forKey: .dtype)
    shape = try container.decode([Int].self, forKey: .shape)
    requiresGrad = try container.decodeIfPresent(Bool.self, forKey: .requiresGrad) ?? false
    strides = try container.decodeIfPresent([Int].self, forKey: .strides)
    tolerance = try container.decodeIfPresent(Tolerance.self, forKey: .tolerance)
  }
}

/// |got − want| ≤ absolute + relative·|want|; both 0 ask for equality.
public struct Tolerance: Sendable, Hashable, Decodable {
  public var relative: Double
  public var absolute: Double

  public init(relative: Double, absolute: Double) {
    self.relative = relative
    self.absolute = absolute
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    relative = try container.decode(Double.self)
    absolute = try container.decode(Double.self)
  }
}

extension CaseValue: Decodable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    init(_ name: String) { stringValue = name }
  }

  /// A float is a number or one of "inf", "-inf", "nan".
  private struct Real: Decodable {
    var value: Double
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        value = number
      } else if let number = Double(try container.decode(String.self)) {
        value = number
      } else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a number")
      }
    }
  }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: Key.self) else {
      guard try decoder.singleValueContainer().decodeNil() else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "a value is an object or null"))
      }
      self = .null
      return
    }
    if container.contains(Key("t")) {
      self = .tensor(try TensorReference(from: decoder))
      return
    }
    let keys = container.allKeys.map(\.stringValue)
    // A module carries its arguments beside its name, a result type its dtype beside its shape.
    let kind = keys.contains("module") ? "module" : keys.contains("shape") ? "shape" : keys.first
    guard let kind else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a value without a kind"))
    }
    func read<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
      try container.decode(type, forKey: Key(name))
    }
    switch kind {
    case "i": self = .int(try read(kind))
    case "f": self = .float(try read(kind, as: Real.self).value)
    case "b": self = .bool(try read(kind))
    case "s": self = .string(try read(kind))
    case "c":
      let parts: [Real] = try read(kind)
      guard parts.count == 2 else { throw Self.malformed(kind, decoder) }
      self = .complex(parts[0].value, parts[1].value)
    case "ints": self = .ints(try read(kind))
    case "int_tuple": self = .intTuple(try read(kind))
    case "list": self = .list(try read(kind))
    case "tuple": self = .tuple(try read(kind))
    case "dict": self = .dict(try read(kind))
    case "dtype": self = .dtype(try read(kind))
    case "layout": self = .layout(try read(kind))
    case "memory_format": self = .memoryFormat(try read(kind))
    case "device": self = .device(try read(kind))
    case "slice":
      let parts: [CaseValue] = try read(kind)
      guard parts.count == 3 else { throw Self.malformed(kind, decoder) }
      self = .slice(start: parts[0], stop: parts[1], step: parts[2])
    case "ellipsis": self = .ellipsis
    case "packed": self = .packed(try read(kind))
    case "module":
      self = .module(name: try read(kind), args: try read("args"), kwargs: try read("kwargs"))
    case "fn": self = .function(try read(kind))
    case "shape": self = .type(dtype: try read("dtype"), shape: try read(kind))
    default: throw Self.malformed(kind, decoder)
    }
  }

  private static func malformed(_ kind: String, _ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(
      .init(codingPath: decoder.codingPath, debugDescription: "malformed value of kind \(kind)"))
  }
}

extension CaseValue {
  /// The tensors in it, in order.
  public var tensors: [TensorReference] {
    switch self {
    case .tensor(let reference): [reference]
    case .list(let values), .tuple(let values), .packed(let values): values.flatMap(\.tensors)
    case .dict(let values): values.sorted { $0.key < $1.key }.flatMap(\.value.tensors)
    case .slice(let start, let stop, let step): [start, stop, step].flatMap(\.tensors)
    case .module(_, let args, let kwargs): args.tensors + kwargs.tensors
    default: []
    }
  }

  /// What it is, in the words of a message.
  public var kind: String {
    switch self {
    case .null: "None"
    case .tensor: "a tensor"
    case .int: "an int"
    case .float: "a float"
    case .bool: "a bool"
    case .string(let text): "the string \"\(text)\""
    case .complex: "a complex number"
    case .ints, .list: "a list"
    case .intTuple, .tuple: "a tuple"
    case .dict: "a dictionary"
    case .dtype: "a dtype"
    case .layout: "a layout"
    case .memoryFormat: "a memory format"
    case .device: "a device"
    case .slice: "a slice"
    case .ellipsis: "..."
    case .packed: "a packed sequence"
    case .module(let name, _, _): "a \(name) module"
    case .function(let name): "the function \(name)"
    case .type: "a type"
    }
  }
}

extension CaseValue: CustomStringConvertible {
  /// Close to how Python writes it, tensors by dtype and shape.
  public var description: String {
    func joined(_ values: [CaseValue]) -> String {
      values.map(\.description).joined(separator: ", ")
    }
    switch self {
    case .null: return "None"
    case .tensor(let reference):
      let grad = reference.requiresGrad ? ", requires_grad" : ""
      return "tensor(\(reference.dtype)\(reference.shape)\(grad))"
    case .int(let value): return "\(value)"
    case .float(let value): return "\(value)"
    case .bool(let value): return value ? "True" : "False"
    case .string(let value): return "\"\(value)\""
    case .complex(let real, let imaginary): return "complex(\(real), \(imaginary))"
    case .ints(let values): return "\(values)"
    case .intTuple(let values): return "(\(values.map(String.init).joined(separator: ", ")))"
    case .list(let values): return "[\(joined(values))]"
    case .tuple(let values): return "(\(joined(values)))"
    case .packed(let values): return "PackedSequence(\(joined(values)))"
    case .dict(let values):
      let fields = values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      return "{\(fields.joined(separator: ", "))}"
    case .dtype(let name), .layout(let name), .memoryFormat(let name): return "torch.\(name)"
    case .device(let name): return "\"\(name)\""
    case .slice(let start, let stop, let step): return "slice(\(start), \(stop), \(step))"
    case .ellipsis: return "..."
    case .module(let name, let args, let kwargs): return "\(name)(\(args), \(kwargs))"
    case .function(let name): return name
    case .type(let dtype, let shape): return "\(dtype)\(shape)"
    }
  }
}
