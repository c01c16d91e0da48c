import KobaiTensor

// To whole numbers. Integers stay as they are; the derivative is 0.

extension Tensor {
  /// The largest whole number that is not above each element.
  ///
  ///     Tensor([-1.5, 1.5]).floor()   // tensor([-2., 1.])
  public func floor() -> Tensor { Tensor.unary(Primitives.Floor(), self, .ordered) }

  /// The smallest whole number that is not below each element.
  ///
  ///     Tensor([-1.5, 1.5]).ceil()   // tensor([-1., 2.])
  public func ceil() -> Tensor { Tensor.unary(Primitives.Ceil(), self, .ordered) }

  /// Each element without its fraction.
  ///
  ///     Tensor([-1.5, 1.5]).trunc()   // tensor([-1., 1.])
  public func trunc() -> Tensor { Tensor.unary(Primitives.Trunc(), self, .ordered) }

  /// The nearest number with so many decimals, a tie to the even one.
  ///
  ///     Tensor([0.5, 1.5]).round()                    // tensor([0., 2.])
  ///     Tensor([0.123]).round(decimals: 2)            // tensor([0.1200])
  ///     Tensor([1234.0]).round(decimals: -2)          // tensor([1200.])
  ///
  /// - Parameter decimals: may be negative; floating point tensors only unless 0.
  public func round(decimals: Int = 0) -> Tensor {
    if decimals == 0 { return Tensor.unary(Primitives.Round(), self, .ordered) }
    guard let x = Domain.floatingPoint.admit("round", self) else { return .poison }
    // 10 to the power of 309 is infinite.
    let power = (0..<Swift.min(decimals.magnitude, 309)).reduce(1.0) { power, _ in power * 10 }
    return decimals > 0 ? (x * power).round() / power : (x / power).round() * power
  }

  /// The fraction of each element, with its sign.
  ///
  ///     Tensor([-1.5, 1.25]).frac()   // tensor([-0.5000, 0.2500])
  public func frac() -> Tensor {
    guard let x = Domain.floatingPoint.admit("frac", self) else { return .poison }
    return x - x.trunc()
  }
}

extension Primitives {
  public struct Floor: PiecewiseConstant {
    public static let name = "floor"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.floor) }
  }
  public struct Ceil: PiecewiseConstant {
    public static let name = "ceil"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.ceil) }
  }
  public struct Trunc: PiecewiseConstant {
    public static let name = "trunc"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.trunc) }
  }
  public struct Round: PiecewiseConstant {
    public static let name = "round"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.round) }
  }
}

extension Operation {
  static let floor = Operation(
    "floor", .elementwise, primitives: [Primitives.Floor.self],
    samples: [
      Sample(.uniform(0.1...0.9)) { $0[0].floor() },
      Sample(.special) { $0[0].floor() },
      Sample(.integers(-3..<3, [2, 3])) { $0[0].floor() },
    ])
  static let ceil = Operation(
    "ceil", .elementwise, primitives: [Primitives.Ceil.self],
    samples: [
      Sample(.uniform(0.1...0.9)) { $0[0].ceil() },
      Sample(.special) { $0[0].ceil() },
    ])
  static let trunc = Operation(
    "trunc", .elementwise, primitives: [Primitives.Trunc.self],
    samples: [
      Sample(.uniform(1.1...1.9)) { $0[0].trunc() },
      Sample(.special) { $0[0].trunc() },
    ])
  static let round = Operation(
    "round", .elementwise, primitives: [Primitives.Round.self],
    samples: [
      Sample(.uniform(0.6...1.4)) { $0[0].round() },
      Sample(Sample.Input(.values([0.5, 1.5, 2.5, -0.5, -1.5]), [5], isDifferentiated: false)) {
        $0[0].round()
      },
      Sample(.values([0.123, 0.778, 12.34], [3])) { $0[0].round(decimals: 1) },
      Sample(.values([123, 778, 12.34], [3])) { $0[0].round(decimals: -1) },
    ])
  static let frac = Operation(
    "frac", .elementwise, samples: [Sample(.uniform(1.1...1.9)) { $0[0].frac() }])
}
