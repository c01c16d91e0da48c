import KobaiOperators
import KobaiTensor

/// What padding layers share: how much to add before and after each of the last dimensions.
public class PaddingLayer: ModuleBase {
  /// Pairs (before, after), the last dimension first: left, right, top, bottom …
  public let padding: [Int]

  /// - Parameter padding: a number for all sides, or pairs (before, after), the last dimension first.
  init(_ padding: any PerDimension, rank: Int) {
    let sizes = padding.perDimension
    self.padding = sizes.count == 1 ? [Int](repeating: sizes[0], count: 2 * rank) : sizes
    super.init()
    if self.padding.count != 2 * rank {
      misuse(
        "\(type(of: self)): padding must be one number or \(2 * rank), but is \(sizes)", else: ())
    }
  }

  final func pad(_ x: Tensor, _ mode: PaddingMode, ranks: ClosedRange<Int>) -> Tensor {
    guard ranks.contains(x.rank) || x.isPoisoned else {
      return misuse(
        "\(type(of: self)): expected \(ranks.lowerBound)D or \(ranks.upperBound)D input (got "
          + "\(x.rank)D input)")
    }
    return x.pad(padding, mode: mode)
  }

  public override var extraDescription: String { padding.pythonTuple }
}

/// Extends the last 1 dimension by the input's elements, mirrored at its edge.
public final class ReflectionPad1d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right]; each less than the input's size.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 1) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .reflect, ranks: 2...3) }
}

/// Extends the last 2 dimensions by the input's elements, mirrored at its edge.
public final class ReflectionPad2d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom]; each less than the input's size there.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 2) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .reflect, ranks: 3...4) }
}

/// Extends the last 3 dimensions by the input's elements, mirrored at its edge.
public final class ReflectionPad3d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom, front, back]; each less than the input's
  ///   size there.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 3) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .reflect, ranks: 4...5) }
}

/// Extends the last 1 dimension by the input's edge.
public final class ReplicationPad1d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right].
  public init(_ padding: any PerDimension) { super.init(padding, rank: 1) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .replicate, ranks: 2...3) }
}

/// Extends the last 2 dimensions by the input's edge.
public final class ReplicationPad2d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom].
  public init(_ padding: any PerDimension) { super.init(padding, rank: 2) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .replicate, ranks: 3...4) }
}

/// Extends the last 3 dimensions by the input's edge.
public final class ReplicationPad3d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom, front, back].
  public init(_ padding: any PerDimension) { super.init(padding, rank: 3) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .replicate, ranks: 4...5) }
}

/// Extends the last 1 dimension by the input's other end.
public final class CircularPad1d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right]; each at most the input's size.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 1) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .circular, ranks: 2...3) }
}

/// Extends the last 2 dimensions by the input's other end.
public final class CircularPad2d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom]; each at most the input's size there.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 2) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .circular, ranks: 3...4) }
}

/// Extends the last 3 dimensions by the input's other end.
public final class CircularPad3d: PaddingLayer, Forward {
  /// - Parameter padding: one number, or [left, right, top, bottom, front, back]; each at most the input's
  ///   size there.
  public init(_ padding: any PerDimension) { super.init(padding, rank: 3) }
  public func forward(_ x: Tensor) -> Tensor { pad(x, .circular, ranks: 4...5) }
}
