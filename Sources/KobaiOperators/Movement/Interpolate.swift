import CKernels
import KobaiTensor

/// How `interpolate` finds values between elements.
public enum InterpolationMode: String, Sendable, CaseIterable {
  /// The element at floor(position); PyTorch's older rule, which is off by half an element.
  case nearest
  /// The element whose centre is nearest.
  case nearestExact = "nearest-exact"
  /// Linear, over one spatial dimension.
  case linear
  /// Linear, over two spatial dimensions.
  case bilinear
  /// Linear, over three spatial dimensions.
  case trilinear
  /// Cubic convolution over two spatial dimensions.
  case bicubic
  /// Means, as `adaptiveAvgPool`.
  case area

  fileprivate var isNearest: Bool { self == .nearest || self == .nearestExact }
  /// The number of spatial dimensions that the mode is for; nil: any.
  fileprivate var rank: Int? {
    switch self {
    case .nearest, .nearestExact, .area: nil
    case .linear: 1
    case .bilinear, .bicubic: 2
    case .trilinear: 3
    }
  }
  fileprivate var kernelMode: Int {
    switch self {
    case .nearest, .area: KB_INTERPOLATE_NEAREST
    case .nearestExact: KB_INTERPOLATE_NEAREST_EXACT
    case .linear, .bilinear, .trilinear: KB_INTERPOLATE_LINEAR
    case .bicubic: KB_INTERPOLATE_CUBIC
    }
  }
}

/// Factors by which sizes grow: a number for all spatial dimensions, or an array with one for each.
public protocol ScaleFactor: Sendable {
  var factors: [Double] { get }
}

extension Int: ScaleFactor {
  public var factors: [Double] { [Double(self)] }
}
extension Double: ScaleFactor {
  public var factors: [Double] { [self] }
}
extension Array: ScaleFactor where Element: ScaleFactor {
  public var factors: [Double] { flatMap(\.factors) }
}

extension Tensor {
  /// Resamples the spatial dimensions (all but the first two) to other sizes.
  ///
  ///     Tensor([[[1.0, 2]]]).interpolate(size: 4)                           // tensor([[[1., 1., 2., 2.]]])
  ///     Tensor([[[1.0, 2]]]).interpolate(scaleFactor: 2, mode: .linear)
  ///     // tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
  ///
  /// - Parameters:
  ///   - size: of the result, one for all or one for each spatial dimension. Either this or:
  ///   - scaleFactor: sizes are multiplied with it and rounded down.
  ///   - mode: `.linear` for [N, C, L], `.bilinear` and `.bicubic` for [N, C, H, W], `.trilinear` for
  ///     [N, C, D, H, W]; `.nearest`, `.nearestExact` and `.area` for all of them.
  ///   - alignCorners: true: the centres of the corner elements coincide; else their outer edges do. Only for
  ///     linear and cubic modes, false there unless stated.
  ///   - recomputeScaleFactor: true: positions follow from the two sizes; else from `scaleFactor` as given.
  ///   - antialias: widens the filter when shrinking; `.bilinear` and `.bicubic` only.
  public func interpolate(
    size: (any PerDimension)? = nil, scaleFactor: (any ScaleFactor)? = nil,
    mode: InterpolationMode = .nearest, alignCorners: Bool? = nil,
    recomputeScaleFactor: Bool? = nil, antialias: Bool = false
  ) -> Tensor {
    func refuse(_ message: String) -> Tensor { misuse("interpolate: \(message)") }
    let shape = shape
    guard alignCorners == nil || !(mode.isNearest || mode == .area) else {
      return refuse(
        "align_corners option can only be set with the interpolating modes: linear | bilinear | "
          + "bicubic | trilinear, but the mode is \(mode.rawValue)")
    }
    guard (3...5).contains(shape.count) else {
      return refuse(
        "Input Error: Only 3D, 4D and 5D input Tensors supported (got \(shape.count)D) for the mode "
          + mode.rawValue)
    }
    let spatial = Array(shape.dropFirst(2))
    let rank = spatial.count
    guard mode.rank == nil || mode.rank == rank else {
      return refuse(
        "Got \(shape.count)D input, but \(mode.rawValue) mode needs \((mode.rank ?? rank) + 2)D input"
      )
    }
    guard !antialias || mode == .bilinear || mode == .bicubic else {
      return refuse(
        "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as "
          + "input, but the mode is \(mode.rawValue)")
    }
    var factors = [Double](repeating: 0, count: rank)
    let output: [Int]
    switch (size, scaleFactor) {
    case (let size?, nil):
      guard recomputeScaleFactor != true else {
        return refuse("recompute_scale_factor is not meaningful with an explicit size")
      }
      let sizes = size.perDimension
      guard sizes.count == rank || sizes.count == 1 else {
        return refuse(
          "Input and output must have the same number of spatial dimensions, but got input with "
            + "spatial dimensions of \(spatial) and output size of \(sizes)")
      }
      output = sizes.count == rank ? sizes : Array(repeating: sizes[0], count: rank)
    case (nil, let scaleFactor?):
      let given = scaleFactor.factors
      guard given.count == rank || given.count == 1 else {
        return refuse(
          "Input and scale_factor must have the same number of spatial dimensions, but got input with "
            + "spatial dimensions of \(spatial) and scale_factor of shape \(given)")
      }
      let scales = given.count == rank ? given : Array(repeating: given[0], count: rank)
      guard scales.allSatisfy({ $0.isFinite && Swift.abs($0) * Double(spatial.max() ?? 0) < 1e15 })
      else {
        return refuse("scale_factor must be finite, but is \(given)")
      }
      output = zip(spatial, scales).map { Int((Double($0) * $1).rounded(.down)) }
      if recomputeScaleFactor != true && mode != .area { factors = scales }
    case (nil, nil): return refuse("either size or scale_factor should be defined")
    default: return refuse("only one of size or scale_factor should be defined")
    }
    guard spatial.allSatisfy({ $0 > 0 }) && output.allSatisfy({ $0 > 0 }) else {
      return refuse(
        "Input and output sizes should be greater than 0, but got input \(spatial) output \(output)"
      )
    }
    if mode == .area {
      return bind(Primitives.AdaptiveAveragePool(spatial, output), self)
    }
    let isSupported =
      mode.isNearest
      ? !dtype.isComplex && dtype != .bool : dtype.isFloatingPoint || dtype == .uint8
    guard isSupported else {
      return refuse(
        "mode \(mode.rawValue) is not implemented for \(dtype); convert with .to(.float32)")
    }
    return bind(
      Primitives.Interpolate(
        mode, alignCorners: alignCorners ?? false, antialias: antialias, input: spatial,
        output: output, factors: factors), self)
  }
}

extension Primitives {
  /// [..., input…] → [..., output…]. Linear, except that uint8 rounds.
  public struct Interpolate: LinearOperation {
    public static let name = "interpolate"
    let mode: InterpolationMode
    let alignCorners, antialias: Bool
    let input, output: [Int]
    /// 0: the step follows from the sizes.
    let factors: [Double]

    init(
      _ mode: InterpolationMode, alignCorners: Bool, antialias: Bool, input: [Int], output: [Int],
      factors: [Double]
    ) {
      self.mode = mode
      self.alignCorners = alignCorners
      self.antialias = antialias
      self.input = input
      self.output = output
      self.factors = factors
    }

    var kernel: kb_interpolation {
      let all = [Double](repeating: 0, count: 3 - factors.count) + factors
      return kb_interpolation(
        mode: Int32(mode.kernelMode), align_corners: alignCorners, antialias: antialias,
        input: WindowGeometry.triple(input, 1), output: WindowGeometry.triple(output, 1),
        factor: (all[0], all[1], all[2]))
    }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: output) }
    public func evaluate(_ x: Value) -> Value {
      let x = x.contiguous
      var kernel = kernel
      return x.withElements { px, _ in
        Value.make(x.dtype, infer(x.type).shape) { out in
          kb_interpolate(x.dtype.code, &kernel, x.planes(input.count), px, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(InterpolateTranspose(of: self), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct InterpolateTranspose: LinearOperation {
    public static let name = "interpolateTranspose"
    let interpolation: Interpolate

    init(of interpolation: Interpolate) { self.interpolation = interpolation }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: interpolation.input) }
    public func evaluate(_ x: Value) -> Value {
      let dy = x.contiguous
      var kernel = interpolation.kernel
      return dy.withElements { pdy, _ in
        Value.make(dy.dtype, infer(dy.type).shape) { out in
          kb_interpolate_gradient(
            dy.dtype.code, &kernel, dy.planes(interpolation.input.count), pdy, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(interpolation, dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let interpolate = Operation(
    "interpolate", .movement,
    primitives: [Primitives.Interpolate.self, Primitives.InterpolateTranspose.self],
    samples: [
      Sample(.uniform(-2...2, [2, 1, 3])) { $0[0].interpolate(size: 5) },
      Sample(.uniform(-2...2, [1, 2, 3, 4])) {
        $0[0].interpolate(scaleFactor: [1.7, 0.5], mode: .nearestExact)
      },
      Sample(.uniform(-2...2, [1, 1, 3])) {
        $0[0].interpolate(scaleFactor: 2, mode: .linear, alignCorners: true)
      },
      Sample(.uniform(-2...2, [1, 1, 3, 4])) { $0[0].interpolate(size: [5, 2], mode: .bilinear) },
      Sample(.uniform(-2...2, [1, 1, 3, 4])) {
        $0[0].interpolate(scaleFactor: 1.7, mode: .bicubic, recomputeScaleFactor: true)
      },
      Sample(.uniform(-2...2, [1, 1, 5, 5])) {
        $0[0].interpolate(size: [2, 3], mode: .bilinear, antialias: true)
      },
      Sample(.uniform(-2...2, [1, 1, 2, 3, 2])) { $0[0].interpolate(size: 3, mode: .trilinear) },
      Sample(.uniform(-2...2, [0, 1, 3, 3])) { $0[0].interpolate(size: 2, mode: .area) },
    ])
}
