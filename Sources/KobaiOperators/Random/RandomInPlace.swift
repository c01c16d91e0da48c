import KobaiTensor

// Random numbers written over a tensor's elements, as PyTorch draws them: `x.normal_()`. They come in the
// order in which the elements lie in memory. Nothing flows back through them: the gradient of what was
// there is zero.

extension Tensor {
  /// Replaces the elements by normal random numbers.
  ///
  ///     var x = Tensor.empty([3])
  ///     x.normal_(mean: 10, std: 0.1, generator: Generator(seed: 0))
  ///     // tensor([10.1541,  9.9707,  9.7821])
  ///
  /// - Precondition: floating point or complex; `std` ≥ 0.
  public mutating func normal_(
    mean: Double = 0, std: Double = 1, generator: Generator? = nil
  ) {
    guard Self.checkStd(std), isFloating("normal_", orComplex: true) else { return }
    draw("normal_", .normal(mean: mean, std: std), generator)
  }

  /// Replaces the elements by uniform random numbers in [from, to).
  ///
  ///     var x = Tensor.empty([3])
  ///     x.uniform_(from: -1, to: 1, generator: Generator(seed: 0))
  ///     // tensor([-0.0075,  0.5364, -0.8230])
  ///
  /// - Precondition: floating point or complex; `from` ≤ `to`, both finite in the dtype, as is their
  ///   difference.
  public mutating func uniform_(
    from: Double = 0, to: Double = 1, generator: Generator? = nil
  ) {
    guard isFloating("uniform_", orComplex: true) else { return }
    let limit = dtype.greatestFinite
    for (name, bound) in [("from", from), ("to", to)] {
      guard bound >= -limit && bound <= limit else {
        return misuse("uniform_: \(name) is out of bounds for \(dtype): \(bound)", else: ())
      }
    }
    guard from <= to else {
      return misuse(
        "uniform_: uniform_ expects to return a [from, to) range, but found from=\(from.brief) > "
          + "to=\(to.brief)", else: ())
    }
    guard to - from <= limit else {
      return misuse(
        "uniform_: uniform_ expects to-from <= \(limit), but found to=\(to) and from=\(from), which "
          + "result in to-from to exceed the limit", else: ())
    }
    draw("uniform_", .uniform(from: from, to: to), generator)
  }

  /// Replaces the elements by 1 with probability p, else 0.
  ///
  /// - Precondition: a real dtype or bool; p in [0, 1].
  public mutating func bernoulli_(_ p: Double = 0.5, generator: Generator? = nil) {
    guard Self.checkProbability("bernoulli_", p, dtype) else { return }
    draw("bernoulli_", .bernoulli(p: p), generator)
  }

  /// Replaces the elements by 1 with the probabilities in `p`, else 0.
  ///
  ///     var x = Tensor.zeros([2, 2], dtype: .bool)
  ///     x.bernoulli_(Tensor([0.0, 1.0]))   // tensor([[False, True], [False, True]])
  ///
  /// - Parameter p: floating point, in [0, 1], broadcast to this tensor's shape.
  public mutating func bernoulli_(_ p: Tensor, generator: Generator? = nil) {
    let dtype = dtype
    guard !dtype.isComplex else {
      return misuse("bernoulli_: not implemented for \(dtype)", else: ())
    }
    update("bernoulli_") { old in
      p.drawBernoulli("bernoulli_", replacing: old, generator)
    }
  }

  /// Replaces the elements by exponential random numbers of density rate · exp(−rate · x).
  ///
  /// - Parameter rate: λ > 0; the mean is 1 / λ.
  public mutating func exponential_(rate: Double = 1, generator: Generator? = nil) {
    guard rate > 0 else {
      return misuse(
        "exponential_: exponential_ expects lambda > 0.0, but found lambda=\(rate.brief)", else: ())
    }
    guard dtype.isFloatingPoint else {
      return misuse(
        "exponential_: Exponential distribution is a continuous probability distribution. dtype must "
          + "be a floating point but you specified \(dtype)", else: ())
    }
    draw("exponential_", .exponential(rate: rate), generator)
  }

  /// Replaces the elements by the number of trials up to the first success, which has probability p.
  ///
  /// - Precondition: floating point or integer; 0 < p < 1.
  public mutating func geometric_(_ p: Double, generator: Generator? = nil) {
    guard p > 0 && p < 1 else {
      return misuse(
        "geometric_: geometric_ expects p to be in (0, 1), but got p=\(p.brief)", else: ())
    }
    guard dtype.isFloatingPoint || dtype.isInteger else {
      return misuse("geometric_: not implemented for \(dtype)", else: ())
    }
    draw("geometric_", .geometric(p: p), generator)
  }

  /// Replaces the elements by Cauchy random numbers.
  ///
  /// - Parameter sigma: half of the width at half of the height, > 0.
  public mutating func cauchy_(
    median: Double = 0, sigma: Double = 1, generator: Generator? = nil
  ) {
    guard sigma > 0 else {
      return misuse(
        "cauchy_: cauchy_ expects sigma > 0.0, but found sigma=\(sigma.brief)", else: ())
    }
    guard isFloating("cauchy_") else { return }
    draw("cauchy_", .cauchy(median: median, sigma: sigma), generator)
  }

  /// Replaces the elements by the exponential of normal random numbers.
  ///
  /// - Parameters:
  ///   - mean: of the logarithms.
  ///   - std: of the logarithms, > 0.
  public mutating func logNormal_(
    mean: Double = 1, std: Double = 2, generator: Generator? = nil
  ) {
    guard std > 0 else {
      return misuse(
        "logNormal_: log_normal_ expects std > 0.0, but found std=\(std.brief)", else: ())
    }
    guard isFloating("logNormal_") else { return }
    draw("logNormal_", .logNormal(mean: mean, std: std), generator)
  }

  /// Replaces the elements by random integers from `from` up to but not including `to`; nil: up to the
  /// largest value of the dtype (of a floating point one: the largest below which all integers are exact).
  ///
  ///     var x = Tensor.empty([5], dtype: .int64)
  ///     x.random_(0, 10, generator: Generator(seed: 0))   // tensor([4, 9, 3, 0, 3])
  public mutating func random_(_ from: Int, _ to: Int?, generator: Generator? = nil) {
    let dtype = dtype
    guard let to else {
      guard Self.checkIntegers("random_", from, nil, dtype) else { return }
      return draw("random_", .integersFrom(low: Int64(from)), generator)
    }
    guard Self.checkIntegers("random_", from, to, dtype) else { return }
    draw("random_", .integers(low: Int64(from), high: Int64(to)), generator)
  }

  /// Replaces the elements by random integers from 0 up to but not including `to`.
  public mutating func random_(_ to: Int, generator: Generator? = nil) {
    random_(0, to, generator: generator)
  }

  /// Replaces the elements by random integers from 0 to the largest value of the dtype (of a floating
  /// point one: the largest below which all integers are exact).
  public mutating func random_(generator: Generator? = nil) {
    guard !dtype.isComplex else { return misuse("random_: not implemented for \(dtype)", else: ()) }
    draw("random_", .allIntegers, generator)
  }

  private func isFloating(_ name: String, orComplex: Bool = false) -> Bool {
    guard dtype.isFloatingPoint || orComplex && dtype.isComplex else {
      return misuse(
        "\(name): not implemented for \(dtype); the dtype must be floating point", else: false)
    }
    return true
  }

  static func checkProbability(_ name: String, _ p: Double, _ dtype: DType) -> Bool {
    guard p >= 0 && p <= 1 else {
      return misuse(
        "\(name): bernoulli_ expects p to be in [0, 1], but got p=\(p.brief)", else: false)
    }
    guard !dtype.isComplex else {
      return misuse("\(name): not implemented for \(dtype)", else: false)
    }
    return true
  }

  /// Whether random integers low ..< high (nil: to the dtype's largest) can be drawn in this dtype.
  static func checkIntegers(_ name: String, _ low: Int, _ high: Int?, _ dtype: DType) -> Bool {
    guard !dtype.isComplex else {
      return misuse("\(name): not implemented for \(dtype); the dtype must be real", else: false)
    }
    if let high, low >= high {
      return misuse(
        "\(name): random_ expects 'from' to be less than 'to', but got from=\(low) >= to=\(high)",
        else: false)
    }
    let limit = dtype.greatestFinite
    let smallest = dtype == .bool || dtype == .uint8 ? 0 : dtype.isInteger ? -limit - 1 : -limit
    guard Double(low) >= smallest && Double(low) <= limit else {
      return misuse("\(name): from is out of bounds for \(dtype): \(low)", else: false)
    }
    if let high {
      guard Double(high - 1) >= smallest && Double(high - 1) <= limit else {
        return misuse("\(name): to - 1 is out of bounds for \(dtype): \(high) - 1", else: false)
      }
    }
    return true
  }
}

extension Operation {
  static let randomInPlace = Operation(
    "random_", .random,
    samples: [
      // In one dtype: each has its own stream, as in PyTorch.
      Sample(
        Sample.Input(.uniform(-2...2), [2, 3], dtype: .float32, isDifferentiated: false),
        drawsInMemoryOrder: true
      ) {
        var x = $0[0]
        x.uniform_(from: -1, to: 1, generator: Generator(seed: 1))
        return x * $0[0]
      },
      Sample(.uniform(-2...2, [])) {
        var x = $0[0].to(.float32)
        x.exponential_(rate: 2, generator: Generator(seed: 1))
        return x + $0[0]
      },
      Sample(.uniform(-2...2, [2, 0])) {
        var x = $0[0] * 1
        x.cauchy_(generator: Generator(seed: 1))
        return x + $0[0]
      },
      Sample(.integers(0..<9, [2, 3]), drawsInMemoryOrder: true) {
        var x = $0[0]
        x.random_(5, generator: Generator(seed: 1))
        return x
      },
      Sample(.integers(0..<9, [2, 3])) {
        var x = $0[0].to(.float64)
        x.geometric_(0.3, generator: Generator(seed: 1))
        x.logNormal_(generator: Generator(seed: 2))
        return x
      },
      Sample(.uniform()) {
        var x = $0[0] * 1
        x.bernoulli_(Tensor([0.0, 1, 0]))
        return x
      },
    ])
}
