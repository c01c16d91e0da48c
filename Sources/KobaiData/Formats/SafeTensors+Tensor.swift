import KobaiFormats
import KobaiTensor

extension SafeTensors {
  /// All tensors of the file under their names, in the order of the file.
  ///
  ///     let state = StateDict(try SafeTensors(contentsOf: "model.safetensors").tensors())
  ///     try net.load(state)
  ///
  /// - Throws: `FormatError` if a tensor's type has no counterpart (8-bit floating point).
  public func tensors() throws(FormatError) -> [(String, Tensor)] {
    var result: [(String, Tensor)] = []
    for entry in entries {
      if let tensor = try tensor(entry.name) { result.append((entry.name, tensor)) }
    }
    return result
  }

  /// The tensor of that name; nil if there is none.
  ///
  /// - Throws: `FormatError` as `tensors()` does.
  public func tensor(_ name: String) throws(FormatError) -> Tensor? {
    guard let entry = self[name], let bytes = bytes(of: name) else { return nil }
    guard let type = entry.dtype.elementType else {
      throw FormatError(
        "safetensors",
        "tensor \(name) has the type \(entry.dtype.rawValue), which tensors do not have; convert it to "
          + "BF16 or F32 where it was written")
    }
    return try Tensor(RawArray(dtype: type, shape: entry.shape, bytes: bytes))
  }

  /// Writes tensors as a file, which appears complete or not at all.
  ///
  ///     try SafeTensors.write(net.stateDict(), to: "model.safetensors")
  ///
  /// - Parameter tensors: names with tensors: a `StateDict`, a dictionary.
  /// - Throws: `SafeTensorsError` if a name stands twice or a dtype has no counterpart (complex128),
  ///   `FileError` if the file cannot be written.
  public static func write(
    _ tensors: some Sequence<(key: String, value: Tensor)>, metadata: [String: String] = [:],
    to path: String
  ) throws {
    try write(try items(tensors), metadata: metadata, to: path)
  }

  /// The bytes of a file with these tensors.
  ///
  ///     let bytes = try SafeTensors.encode(net.stateDict())
  ///     try SafeTensors(bytes: bytes).tensors()   // the same again
  ///
  /// - Throws: `SafeTensorsError` as `write(_:metadata:to:)` does.
  public static func encode(
    _ tensors: some Sequence<(key: String, value: Tensor)>, metadata: [String: String] = [:]
  ) throws(SafeTensorsError) -> [UInt8] {
    try encode(try items(tensors), metadata: metadata)
  }

  private static func items(
    _ tensors: some Sequence<(key: String, value: Tensor)>
  ) throws(SafeTensorsError) -> [Item] {
    var items: [Item] = []
    for (name, tensor) in tensors {
      guard let type = ElementType(tensor.dtype) else {
        throw SafeTensorsError(
          "tensor \(name) has the dtype \(tensor.dtype), which the format does not have")
      }
      items.append(Item(name: name, dtype: type, shape: tensor.shape, bytes: tensor.bytes))
    }
    return items
  }
}

extension SafeTensors.ElementType {
  fileprivate var elementType: RawArray.ElementType? {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    case .complex64: .complex64
    case .float8E5M2, .float8E4M3, .float8E8M0: nil
    }
  }

  fileprivate init?(_ dtype: DType) {
    guard
      let match = Self.allCases.first(where: { $0.elementType?.rawValue == dtype.description })
    else { return nil }
    self = match
  }
}
