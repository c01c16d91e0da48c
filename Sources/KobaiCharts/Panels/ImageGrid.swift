import KobaiTensor

/// Small pictures with captions, such as the digits that a network misreads.
///
///     ImageGrid(
///       misread.map { ImageGrid.Image($0.pixels, caption: "7 → 1", mark: .wrong) },
///       title: "Misread digits")
public struct ImageGrid: Panel {
  /// One picture. Its pixels stay squares when it is enlarged.
  public struct Image: Sendable {
    /// The colour of a caption.
    public enum Mark: Sendable, Hashable { case none, right, wrong }

    /// Below the picture, cut where it is wider.
    public var caption: String
    /// Whether the caption tells of a success or an error.
    public var mark: Mark
    let pixels: PixelImage

    /// A gray picture of width × height numbers, row after row.
    ///
    /// - Parameter range: the numbers shown black and white; nil for the picture's least and greatest.
    public init(
      gray: [Double], width: Int, height: Int, range: ClosedRange<Double>? = nil,
      caption: String = "", mark: Mark = .none
    ) {
      self.init(
        bytes: Self.bytes(gray, range), channels: 1, width: width, height: height,
        caption: caption, mark: mark)
    }

    /// A picture of width × height × 3 numbers: red, green, blue of each pixel, row after row.
    ///
    /// - Parameter range: the numbers shown darkest and brightest; nil for the least and greatest.
    public init(
      rgb: [Double], width: Int, height: Int, range: ClosedRange<Double>? = 0...1,
      caption: String = "", mark: Mark = .none
    ) {
      self.init(
        bytes: Self.bytes(rgb, range), channels: 3, width: width, height: height,
        caption: caption, mark: mark)
    }

    /// A picture of bytes from 0 to 255.
    ///
    /// - Parameter channels: 1 for gray, 3 for red, green, blue.
    public init(
      bytes: [UInt8], channels: Int, width: Int, height: Int, caption: String = "",
      mark: Mark = .none
    ) {
      self.caption = caption
      self.mark = mark
      guard channels == 1 || channels == 3, width > 0, height > 0,
        bytes.count == width * height * channels
      else {
        pixels = misuse(
          "ImageGrid.Image: \(width) × \(height) pixels of \(channels) channels (1 or 3) need "
            + "\(width * height * channels) numbers, but \(bytes.count) were given",
          else: PixelImage(gray: [0], width: 1, height: 1))
        return
      }
      pixels =
        channels == 1
        ? PixelImage(gray: bytes, width: width, height: height)
        : PixelImage(rgb: bytes, width: width, height: height)
    }

    private static func bytes(_ values: [Double], _ range: ClosedRange<Double>?) -> [UInt8] {
      var extent = Extent()
      if range == nil { extent.include(values) }
      let (low, high) = (range?.lowerBound ?? extent.lower, range?.upperBound ?? extent.upper)
      return values.map { value in
        guard low < high, !value.isNaN else { return 0 }
        return UInt8(min(max((value - low) / (high - low), 0), 1) * 255 + 0.5)
      }
    }
  }

  /// Above the grid; empty for none.
  public var title: String
  /// Row after row.
  public var images: [Image]
  /// nil: as many as look well, at most 8.
  public var columns: Int?

  /// A grid of pictures, the first on the upper left.
  public init(_ images: [Image], columns: Int? = nil, title: String = "") {
    self.images = images
    self.columns = columns
    self.title = title
  }

  private static let (padding, gap, captionHeight) = (12.0, 10.0, 17.0)

  private struct Grid {
    var columns, rows: Int
    var cell, pitch, top: Double
    var titleLines: [String]
    var side: Double { cell }
  }

  private func grid(_ width: Double) -> Grid {
    let room = width - 2 * Self.padding
    let wanted = columns ?? min(8, Int(room / 70))
    let columns = max(1, min(max(wanted, 1), max(images.count, 1)))
    // Few pictures are not blown up over the whole width.
    let cell = max(
      min((room - Double(columns - 1) * Self.gap) / Double(columns), columns < 4 ? 180 : 112), 4)
    let hasCaptions = images.contains { !$0.caption.isEmpty }
    let lines = TextMetrics.wrapped(title, size: 14, to: room, bold: true)
    return Grid(
      columns: columns, rows: (images.count + columns - 1) / columns, cell: cell,
      pitch: cell + (hasCaptions ? Self.captionHeight : 0) + Self.gap,
      top: Self.padding + Double(lines.count) * 18 + (lines.isEmpty ? 0 : 6), titleLines: lines)
  }

  /// As many rows of squares as the pictures need.
  public func height(forWidth width: Double) -> Double {
    let grid = grid(width)
    if images.isEmpty { return grid.top + 20 + Self.padding }
    return grid.top + Double(grid.rows) * grid.pitch + Self.padding - Self.gap
  }

  /// Draws the pictures and captions inside of `frame`.
  public func draw(on canvas: inout Canvas, in frame: Rectangle) {
    let grid = grid(frame.width)
    for (i, line) in grid.titleLines.enumerated() {
      canvas.text(
        line, at: Point(frame.left + Self.padding, frame.top + Self.padding + 12 + Double(i) * 18),
        size: 14, bold: true)
    }
    if images.isEmpty {
      canvas.text(
        "no images", at: Point(frame.left + Self.padding, frame.top + grid.top + 12), color: .muted)
    }
    for (i, image) in images.enumerated() {
      let place = Point(
        frame.left + Self.padding + Double(i % grid.columns) * (grid.cell + Self.gap),
        frame.top + grid.top + Double(i / grid.columns) * grid.pitch)
      draw(image, on: &canvas, at: place, grid.cell)
    }
  }

  private func draw(
    _ image: Image, on canvas: inout Canvas, at place: Point, _ cell: Double
  ) {
    let (width, height) = (Double(image.pixels.width), Double(image.pixels.height))
    let scale = cell / max(width, height)
    let seen = Rectangle(
      x: place.x + (cell - width * scale) / 2, y: place.y + (cell - height * scale) / 2,
      width: width * scale, height: height * scale)
    canvas.image(image.pixels, in: seen)
    canvas.rectangle(seen, stroke: .init(.frame, width: 0.6))
    let color: Color =
      switch image.mark {
      case .none: .ink
      case .right: .green
      case .wrong: .vermilion
      }
    // A caption may use half of the gap on each side.
    let caption = TextMetrics.truncated(image.caption, size: 11.5, to: cell + Self.gap - 2)
    canvas.text(
      caption, at: Point(place.x + cell / 2, place.y + cell + 13), size: 11.5, anchor: .middle,
      color: color)
  }
}
