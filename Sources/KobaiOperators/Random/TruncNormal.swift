import KobaiTensor

extension Tensor {
  /// Replaces the elements by normal random numbers in [a, b].
  ///
  ///     var x = Tensor.empty([100])
  ///     x.truncNormal_(std: 0.02)
  ///
  /// Numbers outside are drawn again, or, where the interval is improbable, uniform ones are accepted with
  /// the probability that the density states: PyTorch's `torch.nn.init.trunc_normal_`, number for number.
  ///
  /// - Precondition: floating point; `std` > 0; a < b. Not inside `vmap` or a traced function, as the
  ///   number of draws depends on what is drawn.
  public mutating func truncNormal_(
    mean: Double = 0, std: Double = 1, a: Double = -2, b: Double = 2, generator: Generator? = nil
  ) {
    guard std > 0, a < b, dtype.isFloatingPoint else {
      return misuse(
        "truncNormal_: needs std > 0, a < b and a floating point dtype, but they are \(std), "
          + "\(a), \(b) and \(dtype)", else: ())
    }
    func cdf(_ x: Double) -> Double {
      let root = Double(2).squareRoot()
      return (1 + Tensor(x / root, dtype: .float64).erf().item()) / 2
    }
    let probability = cdf((b - mean) / std) - cdf((a - mean) / std)
    update("truncNormal_") { old in
      if old.isPoisoned || old.count == 0 { return old }
      var target = old.detach()
      func draw(_ law: RandomLaw) -> Tensor {
        target.draw("truncNormal_", law, generator)
        return target
      }
      return noGrad {
        probability > 0.3
          ? Tensor.redrawn(a, b) { draw(.normal(mean: mean, std: std)) }
          : Tensor.accepted(mean, std, a, b, draw)
      }
    }
  }

  /// All elements are drawn again as long as one is outside.
  private static func redrawn(_ a: Double, _ b: Double, _ draw: () -> Tensor) -> Tensor {
    var result = draw()
    while true {
      let isOutside = result.lt(a).logicalOr(result.gt(b))
      guard isOutside.any().item(as: Bool.self) else { return result }
      result = Tensor.where(isOutside, draw(), result)
    }
  }

  /// Rejection from the uniform law: a number is accepted with density / peak of the density.
  private static func accepted(
    _ mean: Double, _ std: Double, _ a: Double, _ b: Double, _ draw: (RandomLaw) -> Tensor
  ) -> Tensor {
    let mode = Swift.max(a, Swift.min(mean, b))
    let peak = -0.5 * ((mode - mean) / std) * ((mode - mean) / std)
    func score(_ x: Tensor) -> Tensor {
      let z = (x - mean) / std
      return z * z * -0.5 - peak
    }
    func isRejected(_ x: Tensor) -> Tensor {
      draw(.uniform(from: 0, to: 1)).log().gt(score(x))
    }
    var result = draw(.uniform(from: a, to: b))
    var pending = isRejected(result)
    while pending.any().item(as: Bool.self) {
      let candidate = draw(.uniform(from: a, to: b))
      result = Tensor.where(pending, candidate, result)
      pending = pending.logicalAnd(isRejected(candidate))
    }
    return result
  }
}

extension Operation {
  static let truncNormal = Operation(
    "truncNormal_", .random,
    samples: [
      Sample(.uniform()) {
        var draw = Tensor.zeros([2, 3], dtype: .float64)
        draw.truncNormal_(generator: Generator(seed: 1))
        return $0[0] * draw.to($0[0].dtype)
      }
    ],
    gaps: [
      .tracing: "draws again while a number lies outside of the range, which a graph cannot",
      .residuals: "counted in a graph, see tracing",
    ])
}
