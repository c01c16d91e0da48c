extension SafeTensors {
  /// The checked header of a file.
  struct Header {
    /// Larger headers are refused, as the format's own implementation does: they cannot be honest.
    static let maximalSize = 100_000_000
    static let lengthSize = 8

    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    var dataStart = 0

    init(_ file: UnsafeRawBufferPointer) throws(SafeTensorsError) {
      let json = try Self.json(of: file)
      dataStart = Self.lengthSize + json.count
      for member in try Self.members(json) {
        if member.name == SafeTensors.metadataKey {
          metadata = try Self.metadata(member.value)
        } else {
          entries.append(try Self.entry(member.name, member.value))
        }
      }
      // Several tensors without elements may share one offset: their names keep the order stable.
      entries.sort {
        ($0.byteRange.lowerBound, $0.byteRange.upperBound, $0.name)
          < ($1.byteRange.lowerBound, $1.byteRange.upperBound, $1.name)
      }
      try checkCoverage(of: file.count - dataStart)
    }

    /// The header's text, from the length that the file states.
    private static func json(
      of file: UnsafeRawBufferPointer
    ) throws(SafeTensorsError) -> UnsafeRawBufferPointer {
      guard file.count >= lengthSize else {
        throw SafeTensorsError(
          "the file has \(file.count) bytes, but its header's length alone takes \(lengthSize)")
      }
      let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
      guard length <= UInt64(maximalSize) else {
        throw SafeTensorsError(
          "the header is said to have \(length) bytes, but at most \(maximalSize) are allowed")
      }
      guard Int(length) <= file.count - lengthSize else {
        throw SafeTensorsError(
          "the header is said to have \(length) bytes, but only \(file.count - lengthSize) follow")
      }
      let json = UnsafeRawBufferPointer(rebasing: file[lengthSize..<lengthSize + Int(length)])
      guard json.first == UInt8(ascii: "{") else {
        throw SafeTensorsError("the header does not begin with {")
      }
      return json
    }

    private static func members(
      _ json: UnsafeRawBufferPointer
    ) throws(SafeTensorsError) -> [JSON.Member] {
      do throws(FormatError) {
        guard case .object(let members) = try JSON.decode(json.bindMemory(to: UInt8.self)) else {
          throw FormatError("json", "it is not an object")
        }
        return members
      } catch {
        throw SafeTensorsError("the header is not valid JSON: \(error.message)")
      }
    }

    private static func metadata(_ value: JSON) throws(SafeTensorsError) -> [String: String] {
      if value == .null { return [:] }
      guard case .object(let members) = value else {
        throw SafeTensorsError("\(metadataKey) must be an object of strings")
      }
      var result: [String: String] = [:]
      for member in members {
        guard case .string(let text) = member.value else {
          throw SafeTensorsError("\(metadataKey).\(member.name) must be a string")
        }
        result[member.name] = text
      }
      return result
    }

    private static func entry(_ name: String, _ value: JSON) throws(SafeTensorsError) -> Entry {
      guard case .object = value else {
        throw SafeTensorsError(
          "tensor \(name) must be an object with dtype, shape and data_offsets")
      }
      guard case .string(let code) = try field("dtype", of: name, value) else {
        throw SafeTensorsError("tensor \(name): dtype must be a string")
      }
      guard let dtype = ElementType(rawValue: code) else {
        throw SafeTensorsError("tensor \(name) has the unknown dtype \(code)")
      }
      let shape = try sizes("shape", of: name, value)
      let offsets = try sizes("data_offsets", of: name, value)
      guard offsets.count == 2 else {
        throw SafeTensorsError(
          "tensor \(name) has \(offsets.count) data_offsets, but a begin and an end belong there")
      }
      let (begin, end) = (offsets[0], offsets[1])
      guard begin <= end else {
        throw SafeTensorsError("tensor \(name) ends at \(end), before its begin at \(begin)")
      }
      let size = try byteCount(of: name, dtype, shape)
      guard end - begin == size else {
        throw SafeTensorsError(
          "tensor \(name) of \(dtype.rawValue) \(shape) takes \(size) bytes, "
            + "but its data_offsets span \(end - begin)")
      }
      return Entry(name: name, dtype: dtype, shape: shape, byteRange: begin..<end)
    }

    private static func field(
      _ field: String, of name: String, _ value: JSON
    ) throws(SafeTensorsError) -> JSON {
      guard let result = value[field] else {
        throw SafeTensorsError("tensor \(name) has no \(field)")
      }
      return result
    }

    /// A list of sizes: only plain unsigned integers are allowed, not 1.0 or 1e3.
    private static func sizes(
      _ field: String, of name: String, _ value: JSON
    ) throws(SafeTensorsError) -> [Int] {
      guard case .array(let elements) = try Self.field(field, of: name, value) else {
        throw SafeTensorsError("tensor \(name): \(field) must be a list of unsigned integers")
      }
      var result: [Int] = []
      for element in elements {
        if case .number(let number) = element, number >= 0x1p63 {
          throw SafeTensorsError("tensor \(name): \(field) holds \(number), larger than any memory")
        }
        guard case .integer(let size) = element, size >= 0 else {
          throw SafeTensorsError(
            "tensor \(name): \(field) holds a value that is not a plain unsigned integer, but only "
              + "unsigned integers belong there")
        }
        result.append(size)
      }
      return result
    }

    /// The bytes that elements of a type in a shape take.
    static func byteCount(
      of name: String, _ dtype: ElementType, _ shape: [Int]
    ) throws(SafeTensorsError) -> Int {
      var size = dtype.size
      for dimension in shape {
        guard dimension >= 0 else {
          throw SafeTensorsError("tensor \(name) has the negative size \(dimension) in its shape")
        }
        let (product, overflows) = size.multipliedReportingOverflow(by: dimension)
        guard !overflows else {
          throw SafeTensorsError("tensor \(name) of shape \(shape) is larger than any memory")
        }
        size = product
      }
      return size
    }

    /// The tensors must fill the data from end to end: no gap, no overlap, nothing behind them.
    private func checkCoverage(of available: Int) throws(SafeTensorsError) {
      var position = 0
      for entry in entries {
        guard entry.byteRange.lowerBound == position else {
          let fault = entry.byteRange.lowerBound > position ? "leaves a gap" : "overlaps another"
          throw SafeTensorsError(
            "tensor \(entry.name) begins at \(entry.byteRange.lowerBound) where \(position) is "
              + "expected: it \(fault)")
        }
        position = entry.byteRange.upperBound
        guard position <= available else {
          throw SafeTensorsError(
            "tensor \(entry.name) ends at \(position), but the file has only \(available) bytes "
              + "of data"
          )
        }
      }
      guard position == available else {
        throw SafeTensorsError(
          "the tensors take \(position) bytes, but the file has \(available) bytes of data")
      }
    }
  }

  static let metadataKey = "__metadata__"
}
