import Kobai

/// Reproducible numbers for tests: SplitMix64 (Steele, Lea and Flood, 2014).
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform numbers; real and imaginary parts for a complex dtype.
  public mutating func uniform(
    _ range: ClosedRange<Double> = -1...1, _ shape: Shape, dtype: DType = .float64
  ) -> Tensor {
    let count = shape.reduce(1, *)
    if dtype.isComplex {
      let parts = (0..<2 * count).map { _ in Double.random(in: range, using: &self) }
      let bytes = parts.withUnsafeBytes { Array($0) }
      return Tensor(bytes: bytes, dtype: .complex128, shape: shape).to(dtype)
    }
    let numbers = (0..<count).map { _ in Double.random(in: range, using: &self) }
    return Tensor(numbers, shape: shape, dtype: dtype)
  }

  /// A direction of derivatives: parts of magnitude 1/4 … 1, so that none is lost in rounding.
  public mutating func direction(like tensor: Tensor) -> Tensor {
    let (shape, dtype) = (tensor.shape, tensor.dtype)
    var parts = (0..<shape.reduce(dtype.isComplex ? 2 : 1, *)).map { _ in
      Double.random(in: 0.25...1, using: &self)
    }
    for i in parts.indices where Bool.random(using: &self) { parts[i] = -parts[i] }
    let wide: DType = dtype.isComplex ? .complex128 : .float64
    return Tensor(bytes: parts.withUnsafeBytes { Array($0) }, dtype: wide, shape: shape).to(dtype)
  }
}

extension Sample.Input {
  /// The input's elements from a seed. The same seed gives the same elements.
  public func make(seed: Int) -> Tensor {
    var random = RandomSource(seed: seed)
    let count = shape.reduce(1, *)
    switch elements {
    case .uniform(let range):
      return random.uniform(range, shape, dtype: dtype)
    case .distinct(let step):
      // Of both signs, and of distinct magnitudes too.
      let order = (0..<count).map { (Double($0) - Double(count / 2) + 0.25) * step }
      return Tensor(order.shuffled(using: &random), shape: shape, dtype: dtype)
    case .integers(let range):
      return Tensor(
        (0..<count).map { _ in Int.random(in: range, using: &random) }, shape: shape, dtype: dtype)
    case .bools:
      return Tensor((0..<count).map { _ in Bool.random(using: &random) }, shape: shape)
    case .values(let values):
      return Tensor(values, shape: shape, dtype: dtype)
    }
  }
}
