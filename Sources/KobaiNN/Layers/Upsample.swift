import KobaiOperators
import KobaiTensor

/// Enlarges the spatial dimensions of [N, C, …].
///
///     Upsample(scaleFactor: 2.0)(Tensor.randn([1, 1, 2, 2])).shape   // [1, 1, 4, 4]
public final class Upsample: Module {
  /// The output's spatial sizes; nil if they follow from the factor.
  public let size: (any PerDimension)?
  /// The factor of the spatial sizes; nil if the sizes are given.
  public let scaleFactor: (any ScaleFactor)?
  /// How values between elements come about.
  public let mode: InterpolationMode
  /// Whether the corner elements keep their values; nil where the mode knows no choice, else as false.
  public let alignCorners: Bool?
  /// Whether positions follow from the two sizes rather than from the factor; nil as false.
  public let recomputeScaleFactor: Bool?

  /// - Parameters:
  ///   - size: the output's spatial sizes; this or the factor is given.
  ///   - scaleFactor: a factor for all or each of the spatial dimensions.
  ///   - mode: how values between elements come about.
  ///   - alignCorners: whether the corner elements keep their values (linear modes and cubic).
  public init(
    size: (any PerDimension)? = nil, scaleFactor: (any ScaleFactor)? = nil,
    mode: InterpolationMode = .nearest, alignCorners: Bool? = nil,
    recomputeScaleFactor: Bool? = nil
  ) {
    self.size = size
    self.scaleFactor = scaleFactor
    self.mode = mode
    self.alignCorners = alignCorners
    self.recomputeScaleFactor = recomputeScaleFactor
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.interpolate(
      size: size, scaleFactor: scaleFactor, mode: mode, alignCorners: alignCorners,
      recomputeScaleFactor: recomputeScaleFactor)
  }

  public override var extraDescription: String {
    let what =
      scaleFactor.map {
        "scale_factor=\($0.factors.count == 1 ? "\($0.factors[0])" : "\($0.factors)")"
      }
      ?? "size=\(size?.python ?? "None")"
    return "\(what), mode='\(mode.rawValue)'"
  }
}

/// Makes channels of [N, C r², H, W] finer places: [N, C, H r, W r] (Shi et al. 2016).
///
///     PixelShuffle(3)(Tensor.randn([1, 9, 4, 4])).shape   // [1, 1, 12, 12]
public final class PixelShuffle: Module {
  /// r, by which height and width grow.
  public let upscaleFactor: Int

  /// - Parameter upscaleFactor: r, by which height and width grow; its square must divide the channels.
  public init(_ upscaleFactor: Int) {
    self.upscaleFactor = upscaleFactor
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    let (shape, r) = (x.shape, upscaleFactor)
    guard shape.count >= 3, r > 0, shape[shape.count - 3] % (r * r) == 0 else {
      return misuse(
        "PixelShuffle: expects its input's 'channel' dimension to be divisible by the square of "
          + "upscale_factor, but its shape is \(shape) and the factor is \(r)")
    }
    let batch = Array(shape.dropLast(3))
    let (c, h, w) = (
      shape[shape.count - 3] / (r * r), shape[shape.count - 2], shape[shape.count - 1]
    )
    let n = batch.count
    return x.reshape(batch + [c, r, r, h, w])
      .permute(Array(0..<n) + [n, n + 3, n + 1, n + 4, n + 2])
      .reshape(batch + [c, h * r, w * r])
  }

  public override var extraDescription: String { "upscale_factor=\(upscaleFactor)" }
}

/// The inverse of `PixelShuffle`.
///
///     PixelUnshuffle(3)(Tensor.randn([1, 1, 12, 12])).shape   // [1, 9, 4, 4]
public final class PixelUnshuffle: Module {
  /// r, by which height and width shrink.
  public let downscaleFactor: Int

  /// - Parameter downscaleFactor: r, by which height and width shrink; must divide both.
  public init(_ downscaleFactor: Int) {
    self.downscaleFactor = downscaleFactor
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    let (shape, r) = (x.shape, downscaleFactor)
    guard shape.count >= 3, r > 0, shape[shape.count - 2] % r == 0, shape[shape.count - 1] % r == 0
    else {
      return misuse(
        "PixelUnshuffle: expects height and width to be divisible by downscale_factor, but its shape is "
          + "\(shape) and the factor is \(r)")
    }
    let batch = Array(shape.dropLast(3))
    let (c, h, w) = (shape[shape.count - 3], shape[shape.count - 2] / r, shape[shape.count - 1] / r)
    let n = batch.count
    return x.reshape(batch + [c, h, r, w, r])
      .permute(Array(0..<n) + [n, n + 2, n + 4, n + 1, n + 3])
      .reshape(batch + [c * r * r, h, w])
  }

  public override var extraDescription: String { "downscale_factor=\(downscaleFactor)" }
}

/// Deals the channels of [N, C, …] out into groups in turn (Zhang et al. 2018).
///
///     ChannelShuffle(2)(Tensor.randn([1, 4, 2, 2])).shape   // [1, 4, 2, 2]
public final class ChannelShuffle: Module {
  /// Into how many groups the channels are dealt.
  public let groups: Int

  /// - Parameter groups: must divide the number of channels.
  public init(_ groups: Int) {
    self.groups = groups
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    let shape = x.shape
    guard shape.count >= 3, groups > 0, shape[1] % groups == 0 else {
      return misuse(
        "ChannelShuffle: Number of channels must be divisible by groups. Got an input of shape \(shape) "
          + "and \(groups) groups")
    }
    return x.unflatten(dim: 1, sizes: [groups, shape[1] / groups]).transpose(1, 2).reshape(shape)
  }

  public override var extraDescription: String { "groups=\(groups)" }
}
