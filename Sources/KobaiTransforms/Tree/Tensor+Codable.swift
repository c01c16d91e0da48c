import KobaiTensor

/// A tensor in an encoder of the standard library's kind (JSON, property lists): its dtype, its shape and
/// its elements, row after row. Complex numbers are pairs.
///
/// Infinities and NaN are as the encoder takes them; `KobaiFormats` has files for large tensors.
extension Tensor: Codable {
  private enum Part: String, CodingKey { case dtype, shape, elements }

  public func encode(to encoder: any Encoder) throws {
    let now = detach()
    guard let value = now.hostValue("encode") else {
      throw EncodingError.invalidValue(
        now.shape,
        .init(
          codingPath: encoder.codingPath,
          debugDescription: "the elements of a tensor inside a transform are not known"))
    }
    var container = encoder.container(keyedBy: Part.self)
    try container.encode(value.dtype.description, forKey: .dtype)
    try container.encode(value.shape, forKey: .shape)
    if value.dtype.isDifferentiable {
      let wide = value.cast(to: value.dtype.isComplex ? .complex128 : .float64)
      let bytes = Tensor(wide).bytes
      let elements = bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
      try container.encode(elements, forKey: .elements)
    } else {
      try container.encode(Tensor(value).array(as: Int64.self), forKey: .elements)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Part.self)
    let name = try container.decode(String.self, forKey: .dtype)
    let shape = try container.decode([Int].self, forKey: .shape)
    guard let dtype = DType(name: name) else {
      throw DecodingError.dataCorruptedError(
        forKey: .dtype, in: container, debugDescription: "there is no dtype \(name)")
    }
    func check(_ count: Int) throws {
      let needed = shape.elementCount.multipliedReportingOverflow(by: dtype.isComplex ? 2 : 1)
      guard shape.allSatisfy({ $0 >= 0 }), !needed.overflow, needed.partialValue == count else {
        throw DecodingError.dataCorruptedError(
          forKey: .elements, in: container,
          debugDescription: "a tensor of \(dtype)\(shape) cannot have \(count) numbers")
      }
    }
    if dtype.isDifferentiable {
      let elements = try container.decode([Double].self, forKey: .elements)
      try check(elements.count)
      let wide = elements.withUnsafeBytes {
        Tensor(bytes: $0, dtype: dtype.isComplex ? .complex128 : .float64, shape: shape)
      }
      self = Tensor(wide.value.cast(to: dtype))
    } else {
      let elements = try container.decode([Int64].self, forKey: .elements)
      try check(elements.count)
      self = Tensor(elements, shape: shape, dtype: dtype)
    }
  }
}
