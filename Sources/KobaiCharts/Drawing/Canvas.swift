/// A picture in the making: shapes in the order in which they are painted.
///
/// Panels draw on it. A panel of one's own does the same:
///
///     struct Dot: Panel {
///       let title = "dot"
///       func height(forWidth width: Double) -> Double { width }
///       func draw(on canvas: inout Canvas, in frame: Rectangle) {
///         canvas.circle(frame.center, radius: 5, fill: .blue)
///       }
///     }
///     try Dot().write(to: "dot.svg")
public struct Canvas: Sendable {
  private var elements: [String] = []
  private var themedFills: Set<Color> = []
  private var themedStrokes: Set<Color> = []
  private var depth = 0

  /// An empty picture.
  public init() {}

  /// How a line is drawn.
  public struct Stroke: Sendable, Hashable {
    /// The colour, on light and on dark pages.
    public var color: Color
    /// In pixels.
    public var width: Double
    /// Solid or interrupted.
    public var dash: Dash
    /// 0 is invisible, 1 hides what is below.
    public var opacity: Double

    /// A line of one colour; a pixel wide, solid and opaque unless stated.
    public init(
      _ color: Color, width: Double = 1, dash: Dash = .solid, opacity: Double = 1
    ) {
      self.color = color
      self.width = width
      self.dash = dash
      self.opacity = opacity
    }
  }

  /// Which point of a text stands at its place.
  public enum Anchor: String, Sendable, Hashable { case start, middle, end }

  /// A straight line.
  public mutating func line(_ from: Point, _ to: Point, _ stroke: Stroke) {
    path([from, to], stroke: stroke)
  }

  /// Lines through the points.
  ///
  /// - Parameter opacity: of the fill; 0 is invisible, 1 hides what is below.
  public mutating func path(
    _ points: [Point], closed: Bool = false, stroke: Stroke? = nil, fill: Color? = nil,
    opacity: Double = 1
  ) {
    guard points.count > 1 else { return }
    var data = ""
    for (i, point) in points.enumerated() {
      data += i == 0 ? "M" : i == 1 ? "L" : " "
      data += Numerals.pixels(point.x) + " " + Numerals.pixels(point.y)
    }
    if closed { data += "Z" }
    add("<path d=\"\(data)\"" + paint(fill: fill, opacity: opacity, stroke: stroke) + "/>")
  }

  /// A rectangle, filled or with a border or both.
  ///
  /// - Parameter tip: shown while the pointer rests on the rectangle.
  public mutating func rectangle(
    _ r: Rectangle, fill: Color? = nil, opacity: Double = 1, stroke: Stroke? = nil,
    cornerRadius: Double = 0, tip: String = ""
  ) {
    var tag = "<rect" + placed(r)
    if cornerRadius > 0 { tag += " rx=\"\(Numerals.pixels(cornerRadius))\"" }
    tag += paint(fill: fill, opacity: opacity, stroke: stroke)
    add(tip.isEmpty ? tag + "/>" : tag + "><title>\(Markup.escaped(tip))</title></rect>")
  }

  /// A circle; `radius` in pixels.
  public mutating func circle(
    _ center: Point, radius: Double, fill: Color? = nil, opacity: Double = 1,
    stroke: Stroke? = nil
  ) {
    add(
      "<circle cx=\"\(Numerals.pixels(center.x))\" cy=\"\(Numerals.pixels(center.y))\" "
        + "r=\"\(Numerals.pixels(radius))\""
        + paint(fill: fill, opacity: opacity, stroke: stroke) + "/>")
  }

  /// One line of text whose baseline passes through `place`.
  ///
  /// - Parameters:
  ///   - size: of the font, in pixels.
  ///   - rotation: in degrees, clockwise, around `place`.
  ///   - halo: surrounds the letters with the colour of the page, for texts over lines.
  public mutating func text(
    _ text: String, at place: Point, size: Double = 12, anchor: Anchor = .start,
    color: Color = .ink, bold: Bool = false, rotation: Double = 0, halo: Bool = false
  ) {
    guard !text.isEmpty else { return }
    var tag = "<text x=\"\(Numerals.pixels(place.x))\" y=\"\(Numerals.pixels(place.y))\""
    tag += " font-size=\"\(Numerals.pixels(size))\""
    if anchor != .start { tag += " text-anchor=\"\(anchor.rawValue)\"" }
    if bold { tag += " font-weight=\"600\"" }
    if rotation != 0 {
      tag += " transform=\"rotate(\(Numerals.pixels(rotation)) "
      tag += "\(Numerals.pixels(place.x)) \(Numerals.pixels(place.y)))\""
    }
    let outline = halo ? Stroke(.paper, width: 3) : nil
    if halo { tag += " paint-order=\"stroke\" stroke-linejoin=\"round\"" }
    add(tag + paint(fill: color, opacity: 1, stroke: outline) + ">\(Markup.escaped(text))</text>")
  }

  /// - Parameter smooth: mixes neighbouring pixels where the picture is enlarged; else they are squares.
  mutating func image(_ image: PixelImage, in r: Rectangle, smooth: Bool = false) {
    let rendering = smooth ? "" : " style=\"image-rendering:pixelated\""
    // Not all viewers follow that style: enlarged here, pixels stay squares in all.
    let image = smooth ? image : image.enlarged(toCover: r.width, r.height)
    add(
      "<image" + placed(r) + " preserveAspectRatio=\"none\"\(rendering) "
        + "href=\"data:image/png;base64,\(Base64.encode(image.png))\"/>")
  }

  /// Shapes drawn by `body` with one fill, stroke and opacity stated once; theirs must be nil.
  mutating func group(
    fill: Color? = nil, opacity: Double = 1, stroke: Stroke? = nil, _ body: (inout Canvas) -> Void
  ) {
    add("<g" + paint(fill: fill, opacity: opacity, stroke: stroke) + ">")
    depth += 1
    body(&self)
    depth -= 1
    add("</g>")
  }

  /// The picture as an SVG document that needs nothing else.
  public func svg(width: Double, height: Double, title: String = "") -> String {
    let (w, h) = (Numerals.pixels(width), Numerals.pixels(height))
    var head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(w)\" height=\"\(h)\" "
      + "viewBox=\"0 0 \(w) \(h)\" role=\"img\" "
      + "font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif\">\n"
    if !title.isEmpty { head += "<title>\(Markup.escaped(title))</title>\n" }
    let rules = theme
    if !rules.isEmpty {
      head += "<style>@media (prefers-color-scheme:dark){\(rules)}</style>\n"
    }
    return head + elements.joined(separator: "\n") + (elements.isEmpty ? "" : "\n") + "</svg>\n"
  }

  /// Attributes carry the light colours, which viewers without style sheets show; the rules replace
  /// them on dark pages.
  private var theme: String {
    func rules(_ colors: Set<Color>, _ prefix: String, _ property: String) -> [String] {
      colors.map { color in
        ".\(prefix)\(Self.name(color)){\(property):#\(Color.hex(color.dark))}"
      }.sorted()
    }
    return (rules(themedFills, "kf", "fill") + rules(themedStrokes, "ks", "stroke")).joined()
  }

  /// Both colours, so that rules of several pictures in one page agree.
  private static func name(_ color: Color) -> String {
    Color.hex(color.light) + "-" + Color.hex(color.dark)
  }

  private mutating func add(_ element: String) { elements.append(element) }

  private func placed(_ r: Rectangle) -> String {
    " x=\"\(Numerals.pixels(r.x))\" y=\"\(Numerals.pixels(r.y))\" "
      + "width=\"\(Numerals.pixels(r.width))\" height=\"\(Numerals.pixels(r.height))\""
  }

  private mutating func paint(fill: Color?, opacity: Double, stroke: Stroke?) -> String {
    var classes: [String] = []
    var text = ""
    if let fill {
      text += " fill=\"#\(Color.hex(fill.light))\""
      if opacity < 1 { text += " fill-opacity=\"\(Numerals.pixels(opacity))\"" }
      if fill.isThemed {
        themedFills.insert(fill)
        classes.append("kf" + Self.name(fill))
      }
    } else if depth == 0 {
      text += " fill=\"none\""
    }
    if let stroke {
      text += " stroke=\"#\(Color.hex(stroke.color.light))\""
      text += " stroke-width=\"\(Numerals.pixels(stroke.width))\""
      if let pattern = stroke.dash.pattern(width: stroke.width) {
        text += " stroke-dasharray=\"\(pattern)\""
      }
      if stroke.opacity < 1 { text += " stroke-opacity=\"\(Numerals.pixels(stroke.opacity))\"" }
      if stroke.color.isThemed {
        themedStrokes.insert(stroke.color)
        classes.append("ks" + Self.name(stroke.color))
      }
    }
    if !classes.isEmpty { text += " class=\"\(classes.joined(separator: " "))\"" }
    return text
  }
}

/// The pattern of a line.
public enum Dash: Sendable, Hashable, CaseIterable {
  case solid, dashed, dotted, dashDotted

  /// matplotlib's patterns, in units of the line's width.
  func pattern(width: Double) -> String? {
    let units: [Double]
    switch self {
    case .solid: return nil
    case .dashed: units = [3.7, 1.6]
    case .dotted: units = [1, 1.65]
    case .dashDotted: units = [6.4, 1.6, 1, 1.6]
    }
    return units.map { Numerals.pixels($0 * max(width, 1)) }.joined(separator: " ")
  }
}
