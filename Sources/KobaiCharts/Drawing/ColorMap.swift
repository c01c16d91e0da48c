/// Colours for numbers from 0 to 1.
///
///     ColorMap.viridis.color(at: 1)   // a light yellow
public struct ColorMap: Sendable, Hashable {
  /// 0xRRGGBB at equal distances; colours between are mixed.
  private let anchors: [UInt32]

  init(_ anchors: [UInt32]) { self.anchors = anchors }

  /// A map through the colours at equal distances, at least one.
  public init(_ colors: [Color]) {
    anchors = colors.isEmpty ? [Color.ink.light] : colors.map(\.light)
  }

  /// matplotlib's default (Smith and van der Walt 2015): even steps for the eye, in gray too.
  public static let viridis = ColorMap([
    0x440154, 0x481A6C, 0x472F7D, 0x414487, 0x39568C, 0x31688E, 0x2A788E, 0x23888E, 0x1F988B,
    0x22A884, 0x35B779, 0x54C568, 0x7AD151, 0xA5DB36, 0xD2E21B, 0xFDE725,
  ])
  /// Black to white.
  public static let gray = ColorMap([0x000000, 0xFFFFFF])
  /// White to dark blue.
  public static let blues = ColorMap([0xF7FBFF, 0xC6DBEF, 0x6BAED6, 0x2171B5, 0x08306B])
  /// Blue over white to red, for numbers around a middle.
  public static let coolwarm = ColorMap([
    0x2166AC, 0x67A9CF, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xEF8A62, 0xB2182B,
  ])

  /// The colour of a number; those below 0 and above 1 have the colours of the ends.
  public func color(at fraction: Double) -> Color { Color(rgb(at: fraction)) }

  func rgb(at fraction: Double) -> UInt32 {
    let place = min(max(fraction.isNaN ? 0 : fraction, 0), 1) * Double(anchors.count - 1)
    let lower = min(Int(place), max(anchors.count - 2, 0))
    let upper = min(lower + 1, anchors.count - 1)
    let t = place - Double(lower)
    return [16, 8, 0].reduce(UInt32(0)) { result, shift in
      let (a, b) = (anchors[lower] >> UInt32(shift) & 255, anchors[upper] >> UInt32(shift) & 255)
      let mixed = Double(a) + t * (Double(b) - Double(a))
      return result | UInt32(mixed.rounded()) << UInt32(shift)
    }
  }
}
