import KobaiOperators
import KobaiTensor

// Padding with a number, which any number of leading dimensions may precede.

/// Extends the last 1 dimension by a number.
public final class ConstantPad1d: PaddingLayer, Forward {
  /// What the border holds.
  public let value: Double

  /// - Parameters:
  ///   - padding: one number, or [left, right]; negative ones crop.
  ///   - value: what the border holds.
  public init(_ padding: any PerDimension, value: Double) {
    self.value = value
    super.init(padding, rank: 1)
  }

  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: value) }

  public override var extraDescription: String { "padding=\(padding.pythonTuple), value=\(value)" }
}

/// Extends the last 1 dimension by zeros.
public final class ZeroPad1d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 1) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}

/// Extends the last 2 dimensions by a number.
public final class ConstantPad2d: PaddingLayer, Forward {
  /// What the border holds.
  public let value: Double

  /// - Parameters:
  ///   - padding: one number, or [left, right, top, bottom]; negative ones crop.
  ///   - value: what the border holds.
  public init(_ padding: any PerDimension, value: Double) {
    self.value = value
    super.init(padding, rank: 2)
  }

  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: value) }

  public override var extraDescription: String { "padding=\(padding.pythonTuple), value=\(value)" }
}

/// Extends the last 2 dimensions by zeros.
public final class ZeroPad2d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 2) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}

/// Extends the last 3 dimensions by a number.
public final class ConstantPad3d: PaddingLayer, Forward {
  /// What the border holds.
  public let value: Double

  /// - Parameters:
  ///   - padding: one number, or [left, right, top, bottom, front, back]; negative ones crop.
  ///   - value: what the border holds.
  public init(_ padding: any PerDimension, value: Double) {
    self.value = value
    super.init(padding, rank: 3)
  }

  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: value) }

  public override var extraDescription: String { "padding=\(padding.pythonTuple), value=\(value)" }
}

/// Extends the last 3 dimensions by zeros.
public final class ZeroPad3d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom, front, back]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 3) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}
