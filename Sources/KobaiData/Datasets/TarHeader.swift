import KobaiFormats

/// The 512 bytes before each file of a tar archive.
struct TarHeader {
  enum Kind: Hashable {
    case file
    case folder
    /// The path of the next entry, by GNU tar.
    case longPath
    /// Path and size of the next entry, by POSIX.
    case extended
    /// What says nothing about files.
    case ignored
    /// What is not unpacked, in words.
    case refused(String)
  }

  let path: String
  let size: Int
  let kind: Kind

  init(_ block: [UInt8]) throws(FormatError) {
    let stated = try Self.number(block[148..<156])
    var sum = 8 * 0x20  // the checksum itself counts as spaces
    for (i, byte) in block.enumerated() where !(148..<156).contains(i) { sum += Int(byte) }
    guard stated == sum else {
      throw FormatError(
        "tar", "a header's checksum is \(stated) instead of \(sum): it is another format or damaged"
      )
    }
    size = try Self.number(block[124..<136])
    let name = Self.text(block[0..<100])
    // GNU's own format ("ustar  ") has other things at the place of the prefix.
    let isPOSIX = Array(block[257..<263]) == Array("ustar\0".utf8)
    let prefix = isPOSIX ? Self.text(block[345..<500]) : ""
    path = prefix.isEmpty ? name : "\(prefix)/\(name)"
    kind = Self.kind(block[156])
  }

  private static func kind(_ flag: UInt8) -> Kind {
    switch flag {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
    case UInt8(ascii: "5"): .folder
    case UInt8(ascii: "L"): .longPath
    case UInt8(ascii: "x"): .extended
    // Remarks for all entries that follow, and GNU's long target of a link.
    case UInt8(ascii: "g"), UInt8(ascii: "K"): .ignored
    case UInt8(ascii: "1"), UInt8(ascii: "2"): .refused("a link")
    case UInt8(ascii: "3"), UInt8(ascii: "4"): .refused("a device")
    case UInt8(ascii: "6"): .refused("a pipe")
    default: .refused("an entry of the kind \(flag)")
    }
  }

  /// Text up to the first NUL.
  static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A number in octal digits, or, by GNU tar for large ones, in binary with its first bit set.
  private static func number(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> Int {
    if let first = bytes.first, first & 0x80 != 0 {
      var value = UInt64(first & 0x7F)
      for byte in bytes.dropFirst() {
        guard value < 1 << 48 else {
          throw FormatError("tar", "a header states a number that is negative or beyond 2^56")
        }
        value = value << 8 | UInt64(byte)
      }
      return Int(value)
    }
    let space = UInt8(ascii: " ")
    let digits = bytes.drop { $0 == space }.prefix { $0 != 0 && $0 != space }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else {
        throw FormatError("tar", "a header's number has the byte \(digit): it is another format")
      }
      value = value << 3 | Int(digit & 7)  // at most 12 digits
    }
    return value
  }

  /// The records of an extended header: `length key=value\n` each, with the length of all of it.
  static func records(_ bytes: [UInt8]) throws(FormatError) -> [(key: String, value: String)] {
    var records: [(key: String, value: String)] = []
    var rest = bytes[...]
    while let first = rest.first, first != 0 {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space - rest.startIndex + 1, length <= rest.count,
        rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
      else { throw FormatError("tar", "an extended header does not follow its format") }
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw FormatError("tar", "an extended header has a record without a value")
      }
      records.append(
        (
          String(decoding: record[..<equals], as: UTF8.self),
          String(decoding: record[(equals + 1)...], as: UTF8.self)
        ))
      rest = rest[(rest.startIndex + length)...]
    }
    return records
  }

  /// The size that an extended header states.
  static func decimal(_ text: String) throws(FormatError) -> Int {
    guard let value = Int(text), value >= 0 else {
      throw FormatError("tar", "an extended header states the size \(String(reflecting: text))")
    }
    return value
  }
}
