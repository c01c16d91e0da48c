#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a field's text lies, without its quotes.
@frozen @usableFromInline
struct CSVSpan: Sendable {
  @usableFromInline let start: UInt32
  @usableFromInline let end: UInt32

  init(_ start: Int, _ end: Int) {
    // Larger offsets are refused by the caller.
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }

  @inlinable
  func bytes(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: text[Int(start)..<Int(end)])
  }

  /// No unquoted field follows a quote: a separator, a line end or nothing stands before it.
  @inlinable
  func isQuoted(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    start > 0 && text[Int(start) - 1] == UInt8(ascii: "\"")
  }

  /// Whether a quoted field holds quotes, which the file doubles.
  @inlinable
  func hasEscapes(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    isQuoted(text) && bytes(text).contains(UInt8(ascii: "\""))
  }

  func string(_ text: UnsafeBufferPointer<UInt8>) -> String {
    let bytes = bytes(text)
    guard hasEscapes(text) else { return String(decoding: bytes, as: UTF8.self) }
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      result.append(bytes[index])
      index += bytes[index] == UInt8(ascii: "\"") ? 2 : 1
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// Splits text into rows and fields.
///
/// Unquoted fields are searched eight bytes at a time, which is quicker than a table of states byte
/// by byte as most fields are shorter than that; quoted ones by `memchr`.
struct CSVParser {
  private let text: UnsafeBufferPointer<UInt8>
  private let separator: UInt8
  private let comment: UInt8?
  private let skipsBlankLines: Bool
  private(set) var position: Int
  private let firstPosition: Int
  /// What the spans count from.
  var origin = 0

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  init(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, _ dialect: CSV.Dialect
  ) throws(FormatError) {
    self.text = text
    separator = try Self.checked(dialect.separator, "separator")
    comment = try dialect.comment.map { character throws(FormatError) in
      try Self.checked(character, "comment character")
    }
    skipsBlankLines = dialect.skipsBlankLines
    position = start
    firstPosition = start
    for _ in 0..<Swift.max(dialect.skippedLines, 0) where position < text.count { skipLine() }
  }

  /// The byte of a character that has a role in the syntax.
  static func checked(_ character: Character, _ role: String) throws(FormatError) -> UInt8 {
    guard let byte = character.asciiValue, ![quote, lineFeed, carriageReturn].contains(byte),
      character != "\r\n"
    else {
      throw FormatError(
        "csv",
        "the \(role) \(character.debugDescription) must be one ASCII character that is neither "
          + "a quote nor a line end")
    }
    return byte
  }

  /// Appends the fields of the next row; false at the end of the text.
  mutating func nextRow(_ spans: inout [CSVSpan]) throws(FormatError) -> Bool {
    while position < text.count {
      let byte = text[position]
      if byte == Self.lineFeed || byte == Self.carriageReturn {
        defer { skipLineEnd() }
        guard !skipsBlankLines else { continue }
        spans.append(CSVSpan(position - origin, position - origin))
        return true
      }
      guard byte == comment else { break }
      skipLine()
    }
    guard position < text.count else { return false }
    while true {
      let end: Int
      if position < text.count && text[position] == Self.quote {
        let close = try closingQuote(after: position)
        spans.append(CSVSpan(position + 1 - origin, close - origin))
        end = close + 1
      } else {
        end = endOfField(position)
        spans.append(CSVSpan(position - origin, end - origin))
      }
      guard end < text.count else {
        position = end
        return true
      }
      let byte = text[end]
      guard byte == separator else {
        guard byte == Self.lineFeed || byte == Self.carriageReturn else {
          throw textAfterQuote(end)
        }
        position = end
        skipLineEnd()
        return true
      }
      position = end + 1
    }
  }

  /// The first separator or line end from `start` on.
  @inline(__always) private func endOfField(_ start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let separators = ones &* UInt64(separator)
    let raw = UnsafeRawBufferPointer(text)
    var index = start
    while index + 8 <= text.count {
      let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let hits =
        Self.zeros(word ^ separators) | Self.zeros(word ^ (ones &* 0x0A))
        | Self.zeros(word ^ (ones &* 0x0D))
      if hits != 0 { return index + hits.trailingZeroBitCount >> 3 }
      index += 8
    }
    while index < text.count {
      let byte = text[index]
      if byte == separator || byte == Self.lineFeed || byte == Self.carriageReturn { break }
      index += 1
    }
    return index
  }

  /// The high bit of each byte that is zero; bytes above the lowest of them may be marked wrongly.
  @inline(__always) private static func zeros(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  private func closingQuote(after opening: Int) throws(FormatError) -> Int {
    var index = opening + 1
    while let close = find(Self.quote, from: index) {
      guard close + 1 < text.count, text[close + 1] == Self.quote else { return close }
      index = close + 2
    }
    throw FormatError(
      "csv",
      "line \(line(at: opening)) opens a quote that is never closed; quotes inside of a quoted "
        + "field are doubled")
  }

  private func find(_ byte: UInt8, from index: Int) -> Int? {
    guard index < text.count, let base = text.baseAddress else { return nil }
    guard let found = memchr(base + index, Int32(byte), text.count - index) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
  }

  private mutating func skipLine() {
    while position < text.count, text[position] != Self.lineFeed,
      text[position] != Self.carriageReturn
    {
      position += 1
    }
    skipLineEnd()
  }

  /// Steps over LF, CRLF or CR.
  private mutating func skipLineEnd() {
    guard position < text.count else { return }
    let isReturn = text[position] == Self.carriageReturn
    position += 1
    if isReturn, position < text.count, text[position] == Self.lineFeed { position += 1 }
  }
}

extension CSVParser {
  /// The number of the line that a byte is on, counted from 1.
  static func line(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
    var line = 1
    for index in 0..<Swift.min(position, text.count) {
      let isReturn = text[index] == carriageReturn
      let isBeforeFeed = index + 1 < text.count && text[index + 1] == lineFeed
      if text[index] == lineFeed || (isReturn && !isBeforeFeed) { line += 1 }
    }
    return line
  }

  private func line(at position: Int) -> Int { Self.line(in: text, at: position) }

  static func nothing(_ dialect: CSV.Dialect) -> FormatError {
    FormatError(
      "csv",
      dialect.hasHeader
        ? "there is no line, but a header with the columns' names was expected"
        : "there is no row")
  }

  private func textAfterQuote(_ position: Int) -> FormatError {
    FormatError(
      "csv",
      "line \(line(at: position)) has text behind a closing quote; a quoted field ends with a "
        + "separator or the line, and quotes inside of it are doubled")
  }

  /// For the row that was read last.
  func ragged(_ count: Int, _ expected: Int) -> FormatError {
    // The row ends before `position`: at the end of the text, or behind a line end.
    let atEnd = position == text.count && ![0x0A, 0x0D].contains(text[position - 1])
    let line = line(at: position) - (atEnd ? 0 : 1)
    return FormatError(
      "csv",
      "line \(line) has \(count) field\(count == 1 ? "" : "s"), but the first row has "
        + "\(expected); fields that hold the separator must be quoted")
  }
}
