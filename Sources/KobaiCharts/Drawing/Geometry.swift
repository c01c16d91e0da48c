/// A place on a canvas, in pixels from its upper left corner.
public struct Point: Sendable, Hashable {
  /// Rightwards and downwards.
  public var x, y: Double

  /// The point (x, y).
  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// A rectangle on a canvas, in pixels; y grows downwards.
public struct Rectangle: Sendable, Hashable {
  /// The upper left corner and the size.
  public var x, y, width, height: Double

  /// A rectangle by its upper left corner and size.
  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The least x.
  public var left: Double { x }
  /// The greatest x.
  public var right: Double { x + width }
  /// The least y.
  public var top: Double { y }
  /// The greatest y.
  public var bottom: Double { y + height }
  /// Where the diagonals cross.
  public var center: Point { Point(x + width / 2, y + height / 2) }

  /// The rectangle without a strip on each side; never of negative size.
  public func inset(
    left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0
  ) -> Rectangle {
    Rectangle(
      x: x + left, y: y + top, width: max(0, width - left - right),
      height: max(0, height - top - bottom))
  }

  /// Whether the point lies inside or on the border.
  public func contains(_ point: Point) -> Bool {
    point.x >= left && point.x <= right && point.y >= top && point.y <= bottom
  }

  func intersects(_ other: Rectangle) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }
}
