/// Estimates of how wide a text is drawn.
///
/// The reader's font is not known. The estimate is Helvetica's width (Adobe's metrics) and a seventh
/// more, about the width of DejaVu Sans, the widest of the usual fonts.
enum TextMetrics {
  /// Thousandths of the font size, for the characters from space to tilde.
  private static let widths: [Double] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
  ]

  static func width(_ text: String, size: Double, bold: Bool = false) -> Double {
    let thousandths = text.reduce(0.0) { sum, character in sum + width(character) }
    return thousandths / 1000 * size * 1.15 * (bold ? 1.14 : 1)
  }

  private static func width(_ character: Character) -> Double {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 32...126: return widths[Int(scalar.value) - 32]
    case 0x00B2, 0x00B3, 0x00B9, 0x2070...0x209F: return 380  // raised and lowered digits
    case 0x2009, 0x200A: return 200
    case 0x1100...0x115F, 0x2E80...0xD7FF, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0x1F000...0x3FFFF:
      return 1000  // East Asian characters and pictures fill a square
    default: return 600
    }
  }

  /// The text, or its beginning and an ellipsis if it is wider than `limit`.
  static func truncated(
    _ text: String, size: Double, to limit: Double, bold: Bool = false
  ) -> String {
    // Limits are often sums of such widths; their rounding must not cut a text.
    let limit = limit + 0.01
    if width(text, size: size, bold: bold) <= limit { return text }
    var kept = text
    while !kept.isEmpty, width(kept + "…", size: size, bold: bold) > limit { kept.removeLast() }
    while kept.last == " " { kept.removeLast() }
    return kept.isEmpty ? "" : kept + "…"
  }

  /// The text in lines no wider than `limit`, broken at spaces and line ends; too long a word is cut.
  static func wrapped(
    _ text: String, size: Double, to limit: Double, bold: Bool = false
  ) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
      var lines: [String] = []
      var line = ""
      for word in paragraph.split(separator: " ") {
        let longer = line.isEmpty ? String(word) : line + " " + word
        if line.isEmpty || width(longer, size: size, bold: bold) <= limit {
          line = longer
        } else {
          lines.append(line)
          line = String(word)
        }
      }
      if !line.isEmpty { lines.append(line) }
      return lines.map { truncated($0, size: size, to: limit, bold: bold) }
    }
  }
}
