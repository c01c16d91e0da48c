import KobaiOperators
import KobaiTensor

// Padding with a number, which any number of leading dimensions may precede.

/// What padding with a number shares.
public class ConstantPadLayer: PaddingLayer {
  /// What stands in the padding.
  public final let value: Double
  /// How many dimensions are extended.
  class var rank: Int { 0 }

  /// - Parameters:
  ///   - padding: a number for all sides, or pairs (before, after), the last dimension first; negative ones
  ///     crop.
  ///   - value: what stands in the padding.
  public init(_ padding: any PerDimension, value: Double) {
    self.value = value
    super.init(padding, rank: Self.rank)
  }

  /// `x`, extended.
  public final func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: value) }

  public override var extraDescription: String { "padding=\(padding.pythonTuple), value=\(value)" }
}

/// Extends the last 1 dimension by a number.
public final class ConstantPad1d: ConstantPadLayer, Forward {
  override class var rank: Int { 1 }
}

/// Extends the last 2 dimensions by a number.
public final class ConstantPad2d: ConstantPadLayer, Forward {
  override class var rank: Int { 2 }
}

/// Extends the last 3 dimensions by a number.
public final class ConstantPad3d: ConstantPadLayer, Forward {
  override class var rank: Int { 3 }
}

/// Extends the last 1 dimension by zeros.
public final class ZeroPad1d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 1) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}

/// Extends the last 2 dimensions by zeros.
public final class ZeroPad2d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 2) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}

/// Extends the last 3 dimensions by zeros.
public final class ZeroPad3d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom, front, back]; negative ones crop.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 3) }
  public func forward(_ x: Tensor) -> Tensor { x.pad(padding, value: 0) }
}
