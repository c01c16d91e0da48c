extension NPY {
  /// What stands before the elements.
  struct Header {
    let dtype: RawArray.ElementType
    let isBigEndian: Bool
    let isFortranOrder: Bool
    let shape: [Int]
    /// The bytes of the elements.
    let byteCount: Int
    /// Where the elements begin.
    let dataStart: Int

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// NumPy itself reads no more than 10,000 unless told to trust the file.
    private static let maximalSize = 1 << 20
    /// NumPy's own limit is 64.
    private static let maximalRank = 64

    /// The bytes that must be there to know how long a header is.
    static let prefixSize = 12

    /// The size of the whole header, from its first bytes.
    ///
    /// - Parameter prefix: `prefixSize` bytes, or as many as the file has.
    static func size(_ prefix: [UInt8]) throws(FormatError) -> Int {
      guard prefix.starts(with: magic) else {
        throw FormatError("npy", "the file does not begin with \\x93NUMPY: it is not an .npy file")
      }
      guard prefix.count > 7, (1...3).contains(prefix[6]) else {
        throw FormatError(
          "npy",
          prefix.count > 6
            ? "version \(prefix[6]) of the format is unknown; versions 1 to 3 can be read"
            : "the file ends inside of its header")
      }
      let lengthSize = prefix[6] == 1 ? 2 : 4
      guard prefix.count >= 8 + lengthSize else {
        throw FormatError("npy", "the file ends inside of its header")
      }
      let length = prefix[8..<8 + lengthSize].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= maximalSize else {
        throw FormatError(
          "npy",
          "the header is said to have \(length) bytes, but at most \(maximalSize) are allowed")
      }
      return 8 + lengthSize + length
    }

    init(_ bytes: [UInt8]) throws(FormatError) {
      dataStart = try Self.size(Array(bytes.prefix(Self.prefixSize)))
      guard bytes.count >= dataStart else {
        throw FormatError(
          "npy", "the header is said to end at \(dataStart), but the file has \(bytes.count) bytes")
      }
      let textStart = bytes[6] == 1 ? 10 : 12
      var literal = PythonLiteral(bytes[textStart..<dataStart])
      let fields = try literal.dictionary()
      guard fields.count == 3, case .text(let descr) = fields["descr"],
        case .bool(let isFortranOrder) = fields["fortran_order"],
        case .tuple(let shape) = fields["shape"]
      else {
        if case .other = fields["descr"] {
          throw FormatError(
            "npy", "the elements are records with several fields; save each field as an array")
        }
        throw FormatError(
          "npy",
          "the header must hold 'descr', a text, 'fortran_order', True or False, and 'shape', a "
            + "tuple of sizes, and nothing else")
      }
      (dtype, isBigEndian) = try Self.elementType(descr)
      self.isFortranOrder = isFortranOrder
      self.shape = shape
      guard shape.count <= Self.maximalRank else {
        throw FormatError(
          "npy", "the array has \(shape.count) dimensions, more than NumPy's \(Self.maximalRank)")
      }
      guard let byteCount = RawArray.byteCount(dtype, shape) else {
        throw FormatError("npy", "an array of shape \(shape) is larger than any memory")
      }
      self.byteCount = byteCount
    }

    /// The type that NumPy's code stands for: `<f4`, `|b1`.
    private static func elementType(
      _ descr: String
    ) throws(FormatError) -> (RawArray.ElementType, isBigEndian: Bool) {
      let order = descr.first.flatMap { "<>|=".contains($0) ? $0 : nil }
      let code = String(order == nil ? descr[...] : descr.dropFirst())
      if let dtype = codes[code] { return (dtype, order == ">") }
      let kinds: [Character: String] = [
        "O": "Python objects; reading them would execute code from the file",
        "S": "byte strings", "a": "byte strings", "U": "texts", "M": "dates", "m": "time spans",
        "V": "records or raw bytes", "f": "long doubles; convert them to float64",
        "c": "complex long doubles; convert them to complex128",
      ]
      let found = code.first.flatMap { kinds[$0] } ?? "of an unknown type"
      throw FormatError("npy", "the elements ('\(descr)') are \(found); only numbers can be read")
    }

    private static let codes: [String: RawArray.ElementType] = [
      "b1": .bool, "?": .bool,
      "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
      "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
      "f2": .float16, "f4": .float32, "f8": .float64,
      "c8": .complex64, "c16": .complex128,
    ]

    /// The header as NumPy writes it: elements begin at a multiple of 64, and there is room for the
    /// first dimension to grow in place.
    static func encode(
      _ dtype: RawArray.ElementType, _ shape: [Int]
    ) throws(FormatError) -> [UInt8] {
      guard let code = codes.first(where: { $0.value == dtype && $0.key != "?" })?.key else {
        throw FormatError(
          "npy", "NumPy has no \(dtype.rawValue); convert to float32 before writing")
      }
      guard shape.count <= maximalRank else {
        throw FormatError(
          "npy", "the array has \(shape.count) dimensions, more than NumPy's \(maximalRank)")
      }
      let descr = (dtype.size == 1 ? "|" : "<") + code
      let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
      var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(sizes)), }"
      if let first = shape.first {
        text += String(repeating: " ", count: Swift.max(21 - "\(first)".utf8.count, 0))
      }
      text += String(repeating: " ", count: 64 - (10 + text.utf8.count + 1) % 64) + "\n"
      let length = text.utf8.count
      return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + text.utf8
    }
  }
}
