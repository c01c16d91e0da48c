/// A colour, with another for readers who prefer a dark page.
///
///     Color.blue                          // the first of the series colours
///     Color(red: 200, green: 0, blue: 80) // the same on light and dark pages
///
/// The series colours are those of Okabe and Ito (2008), which readers with any kind of colour
/// blindness can tell apart; blue and black are lighter on a dark page.
public struct Color: Sendable, Hashable {
  /// 0xRRGGBB on a light and on a dark page.
  let light, dark: UInt32

  init(_ light: UInt32, dark: UInt32) {
    self.light = light
    self.dark = dark
  }

  init(_ rgb: UInt32) { self.init(rgb, dark: rgb) }

  /// One colour on light and dark pages.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.init(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
  }

  /// One colour on light pages, another on dark ones.
  public init(light: Color, dark: Color) { self.init(light.light, dark: dark.dark) }

  /// Series 0.
  public static let blue = Color(0x0072B2, dark: 0x3D9FE0)
  /// Series 1: between red and orange.
  public static let vermilion = Color(0xD55E00, dark: 0xF0782D)
  /// Series 2: a bluish green.
  public static let green = Color(0x009E73, dark: 0x1DB98D)
  /// Series 3: a reddish purple.
  public static let purple = Color(0xCC79A7)
  /// Series 4.
  public static let orange = Color(0xE69F00)
  /// Series 5: a light blue.
  public static let skyBlue = Color(0x56B4E9)
  /// Series 6. Darker than Okabe and Ito's on light pages, where theirs does not stand out from the paper.
  public static let yellow = Color(0xBFAF00, dark: 0xF0E442)
  /// Series 7, and of texts: black on light pages, nearly white on dark ones.
  public static let ink = Color(0x1D232B, dark: 0xE6E8EB)
  /// Labels and notes.
  public static let muted = Color(0x59626D, dark: 0xA3ACB7)
  /// Lines behind the data.
  public static let grid = Color(0xE4E7EB, dark: 0x2C323A)
  /// The border of a plot.
  public static let frame = Color(0x9AA3AD, dark: 0x59626D)
  /// The page.
  public static let paper = Color(0xFFFFFF, dark: 0x14171C)
  static let white = Color(0xFFFFFF)

  static let palette: [Color] = [
    .blue, .vermilion, .green, .purple, .orange, .skyBlue, .yellow, .ink,
  ]

  /// The colour of the series with that number, from 0; they repeat after eight.
  public static func series(_ number: Int) -> Color {
    palette[((number % palette.count) + palette.count) % palette.count]
  }

  var isThemed: Bool { light != dark }

  static func hex(_ rgb: UInt32) -> String {
    let digits = String(rgb, radix: 16)
    return String(repeating: "0", count: 6 - digits.count) + digits
  }
}
