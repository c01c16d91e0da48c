import CKernels

/// How convolutions are computed.
public enum Convolutions {
  /// Whether every product of a convolution is summed by itself, also where fewer multiplications would
  /// do.
  ///
  /// 3 × 3 convolutions of float32 with stride 1 and 16 or more channels, in volumes also 3 × 3 × 3
  /// and 2 × 3 × 3 ones of fewer, use Winograd's algorithm F(4 × 4, 3 × 3) (Lavin and Gray,
  /// [arXiv:1509.09308](https://arxiv.org/abs/1509.09308)) unless this is set: two to four times as
  /// fast, with a root mean square error against float64 of 1e-6 of the result's root mean square
  /// instead of 4e-7, on standard normal numbers. Both are the same bits for any number of threads.
  /// Other convolutions and dtypes are precise anyway.
  ///
  ///     Convolutions.isPrecise = true
  ///
  /// False at the start, unless the environment has `KOBAI_PRECISE=1`. For a part of a program, see
  /// `precise { }`.
  public static var isPrecise: Bool {
    get { kb_conv_precise() }
    set { kb_conv_set_precise(newValue) }
  }
}

/// Runs `body` with precise convolutions; see `Convolutions.isPrecise`.
///
///     let y = precise { x.conv2d(weight, padding: 1) }
///
/// It counts for what `body` computes: a gradient is precise when `backward()` is called inside, a
/// compiled function when it is called inside.
@discardableResult
public func precise<R>(_ body: () throws -> R) rethrows -> R {
  kb_conv_enter_precise()
  defer { kb_conv_leave_precise() }
  return try body()
}
