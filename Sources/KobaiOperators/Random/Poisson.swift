import CKernels
import KobaiTensor

extension Tensor {
  /// Poisson random numbers with each element as the rate.
  ///
  ///     Tensor([0.0, 4.0]).poisson()   // tensor([0., …])
  ///
  /// - Returns: same shape and dtype; its gradient is zero.
  /// - Precondition: floating point; every element is finite and not negative.
  public func poisson(generator: Generator? = nil) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse("poisson: not implemented for \(dtype); the rates must be floating point")
    }
    return bind(Primitives.Poisson(generator: generator ?? .default), self)
  }

  /// Gamma random numbers of scale 1 with each element as the shape parameter.
  ///
  ///     Tensor([9.0]).standardGamma() / 3   // Gamma of shape 9 and rate 3
  ///
  /// Marsaglia and Tsang, 2000. Not differentiable.
  ///
  /// - Returns: same shape and dtype, at least the smallest normal number.
  /// - Precondition: floating point; no element is negative or NaN.
  public func standardGamma(generator: Generator? = nil) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse("standardGamma: not implemented for \(dtype); it must be floating point")
    }
    return bind(Primitives.StandardGamma(generator: generator ?? .default), self)
  }
}

extension Primitives {
  public struct Poisson: UnaryPrimitive, RandomPrimitive {
    public static let name = "poisson"
    let generator: Generator

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value {
      x.drawn(generator, orElse: "poisson: invalid Poisson rate, expected rate to be non-negative")
      {
        kb_random_poisson($0, $1, $2, $3, $4)
      }
    }
    public var residuals: Residuals { .none }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { .zeros(like: dy) }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct StandardGamma: UnaryPrimitive, RandomPrimitive {
    public static let name = "standardGamma"
    let generator: Generator

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value {
      x.drawn(generator, orElse: "standardGamma: a shape parameter is negative or NaN") {
        kb_random_standard_gamma($0, $1, $2, $3, $4)
      }
    }
    public var residuals: Residuals { .none }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      misuse("standardGamma: has no derivative; detach its input")
    }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      misuse("standardGamma: has no derivative; detach its input")
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Value {
  /// One random number for each element, which is its parameter, row after row.
  fileprivate func drawn(
    _ generator: Generator, orElse message: String,
    _ draw: (
      UnsafeMutablePointer<kb_generator>, UInt8, Int, UnsafeRawPointer, UnsafeMutableRawPointer
    ) -> kb_status
  ) -> Value {
    let parameters = contiguous
    var status: kb_status = 0
    let result = parameters.withElements { pointer, _ in
      Value.make(dtype, parameters.layout) { out in
        status = generator.withUnsafeGenerator {
          draw($0, dtype.code, parameters.count, pointer, out)
        }
      }
    }
    return status == 0 ? result : misuse(message, else: .poison)
  }
}

extension Operation {
  static let poisson = Operation(
    "poisson", .random, primitives: [Primitives.Poisson.self],
    samples: [
      // Rate 0: the draw is certain.
      Sample(.init(.values([0, 0, 0, 0]), [2, 2], isDifferentiated: false)) {
        $0[0].poisson(generator: Generator(seed: 1))
      },
      Sample(.init(.values([0]), [], isDifferentiated: false)) { $0[0].poisson() },
    ])
  static let standardGamma = Operation(
    "standardGamma", .random, primitives: [Primitives.StandardGamma.self],
    samples: [
      Sample(.init(.values([0, 0, 0, 0]), [2, 2], isDifferentiated: false)) {
        $0[0].standardGamma(generator: Generator(seed: 1))
      }
    ])
}
