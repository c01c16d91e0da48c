import KobaiOperators
import KobaiTensor

/// A `BatchNorm1d` whose number of channels is that of its first input.
public final class LazyBatchNorm1d: LazyLayer<BatchNorm1d>, Forward {
  /// - Parameters: as of `BatchNorm1d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init { x in
      x.channelsForNorm("LazyBatchNorm1d").map {
        BatchNorm1d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `BatchNorm2d` whose number of channels is that of its first input.
public final class LazyBatchNorm2d: LazyLayer<BatchNorm2d>, Forward {
  /// - Parameters: as of `BatchNorm2d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init { x in
      x.channelsForNorm("LazyBatchNorm2d").map {
        BatchNorm2d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `BatchNorm3d` whose number of channels is that of its first input.
public final class LazyBatchNorm3d: LazyLayer<BatchNorm3d>, Forward {
  /// - Parameters: as of `BatchNorm3d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init { x in
      x.channelsForNorm("LazyBatchNorm3d").map {
        BatchNorm3d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `InstanceNorm1d` whose number of channels is that of its first input.
public final class LazyInstanceNorm1d: LazyLayer<InstanceNorm1d>, Forward {
  /// - Parameters: as of `InstanceNorm1d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, bias: Bool = true,
    trackRunningStats: Bool = false
  ) {
    super.init { x in
      Self.channels("LazyInstanceNorm1d", x, spatial: 1).map {
        InstanceNorm1d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `InstanceNorm2d` whose number of channels is that of its first input.
public final class LazyInstanceNorm2d: LazyLayer<InstanceNorm2d>, Forward {
  /// - Parameters: as of `InstanceNorm2d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, bias: Bool = true,
    trackRunningStats: Bool = false
  ) {
    super.init { x in
      Self.channels("LazyInstanceNorm2d", x, spatial: 2).map {
        InstanceNorm2d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `InstanceNorm3d` whose number of channels is that of its first input.
public final class LazyInstanceNorm3d: LazyLayer<InstanceNorm3d>, Forward {
  /// - Parameters: as of `InstanceNorm3d`, without the number of channels and the dtype.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, bias: Bool = true,
    trackRunningStats: Bool = false
  ) {
    super.init { x in
      Self.channels("LazyInstanceNorm3d", x, spatial: 3).map {
        InstanceNorm3d(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

extension Tensor {
  /// The size of the second dimension.
  fileprivate func channelsForNorm(_ name: String) -> Int? {
    guard rank >= 2 else {
      return misuse("\(name): expected at least 2D input (got \(rank)D input)", else: nil)
    }
    return size(1)
  }
}
