import KobaiFormats
import KobaiTensor

extension Tensor {
  /// The elements of an array from a file.
  ///
  ///     let array = RawArray([1, 2] as [Float], dtype: .float32, shape: [2])
  ///     try Tensor(array)   // tensor([1., 2.])
  ///
  /// Unsigned types that tensors do not have are widened: uint16 to int32, uint32 and uint64 to int64.
  ///
  /// - Throws: `FormatError` if the bytes do not fit the shape, or a uint64 is too large for int64.
  public init(_ array: RawArray) throws(FormatError) {
    let (dtype, bytes) = try Self.elements(of: array)
    guard array.shape.allSatisfy({ $0 >= 0 }),
      array.shape.elementCount.multipliedReportingOverflow(by: dtype.size).partialValue
        == bytes.count
    else {
      throw FormatError(
        "array",
        "\(array.bytes.count) bytes are no \(array.dtype.rawValue) array of shape \(array.shape)")
    }
    self.init(bytes: bytes, dtype: dtype, shape: array.shape)
  }

  private static func elements(of array: RawArray) throws(FormatError) -> (DType, [UInt8]) {
    if let dtype = DType(name: array.dtype.rawValue) { return (dtype, array.bytes) }
    switch array.dtype {
    case .uint16:
      return (
        .int32, array.elements(as: UInt16.self).map(Int32.init).withUnsafeBytes { Array($0) }
      )
    case .uint32:
      return (
        .int64, array.elements(as: UInt32.self).map(Int64.init).withUnsafeBytes { Array($0) }
      )
    default:
      let numbers = array.elements(as: UInt64.self)
      if let large = numbers.first(where: { $0 > UInt64(Int64.max) }) {
        throw FormatError(
          "array",
          "the uint64 element \(large) is larger than int64 holds, the widest integer of tensors")
      }
      return (.int64, numbers.map { Int64($0) }.withUnsafeBytes { Array($0) })
    }
  }
}

extension RawArray {
  /// The elements of a tensor, row after row.
  public init(_ tensor: Tensor) {
    let type = ElementType(rawValue: tensor.dtype.description) ?? .float32
    self.init(dtype: type, shape: tensor.shape, bytes: tensor.bytes)
  }
}
