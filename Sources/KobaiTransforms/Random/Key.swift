import KobaiOperators
import KobaiTensor

/// A key of random numbers for pure functions: the same key always gives the same numbers, which are JAX's.
///
///     let (a, b) = Key(0).split()          // two keys whose numbers have nothing to do with each other
///     a.uniform([3])                       // jax.random.uniform(jax.random.split(jax.random.PRNGKey(0))[0], (3,))
///     vmap { (key: Key) in key.normal([2]) }(Key(0).split(8))
///
/// Use a key once; split it for more. Keys are trees: they are batched, traced and carried through loops.
/// The generator is Threefry 2×32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3", 2011) counted as JAX does by default since version 0.5 (`jax_threefry_partitionable`). Bits,
/// uniform numbers and integers are JAX's bit for bit; normal numbers agree up to the rounding of erf⁻¹.
public struct Key: Tree, Sendable {
  /// Two words of 32 bits in an int64 tensor of shape [2]; further dimensions in front hold several keys.
  public var data: Tensor

  /// JAX's `PRNGKey(seed)`: the upper and lower 32 bits of the seed, as JAX takes them with 64-bit integers
  /// enabled (without, its upper half is always 0; seeds in 0 ..< 2³² give the same key either way).
  public init(_ seed: Int) {
    data = Tensor([Int64(seed) >> 32 & 0xFFFF_FFFF, Int64(seed) & 0xFFFF_FFFF].map { Int($0) })
  }

  init(data: Tensor) { self.data = data }

  public func flatten(into flat: inout FlatTree) { flat.append(data) }
  public func rebuilt(from leaves: inout Leaves) -> Key { Key(data: leaves.take()) }

  /// Two new keys.
  public func split() -> (Key, Key) {
    let both = split(2)
    return (
      Key(data: both.data.select(dim: 0, index: 0)), Key(data: both.data.select(dim: 0, index: 1))
    )
  }

  /// New keys in one: `count` along a first dimension, for `vmap`, or to be taken by number.
  public func split(_ count: Int) -> Key {
    guard count >= 0 else {
      return misuse("split: the number of keys must not be negative, but is \(count)", else: self)
    }
    return Key(data: words([count], .both))
  }

  /// Key number `i` of several.
  public subscript(i: Int) -> Key { Key(data: data.select(dim: 0, index: i)) }

  /// A new key from this one and a number, JAX's `fold_in`: for keys by step or by example.
  public func foldIn(_ number: Int) -> Key { Key(data: words([number & 0xFFFF_FFFF], .folded)) }

  /// Random words of 32 bits as int64 numbers in 0 ..< 2³².
  public func bits(_ shape: Shape) -> Tensor { words(shape, .word) }

  private func words(_ shape: Shape, _ output: Primitives.Threefry.Output) -> Tensor {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      return misuse("Key: Dimension size must be non-negative, but the shape is \(shape)")
    }
    let type = data.type
    guard type.dtype == .int64, type.shape == [2] else {
      return misuse(
        "Key: one key is needed, with data of int64[2], but this one holds \(type); use vmap or a "
          + "subscript for several")
    }
    return bind(Primitives.Threefry(shape: shape, output: output), data)
  }
}

extension Key {
  /// Uniform numbers in low ..< high.
  ///
  ///     Key(0).uniform([2])   // tensor([0.9477, 0.9786])
  ///
  /// - Parameter dtype: float32 or float64.
  public func uniform(
    _ shape: Shape = [], low: Double = 0, high: Double = 1, dtype: DType = .float32
  ) -> Tensor {
    guard dtype == .float32 || dtype == .float64 else {
      return misuse("uniform: the dtype must be float32 or float64, but is \(dtype)")
    }
    // As many bits as the mantissa has, as a number in [0, 1): the same as 1.… − 1 in JAX.
    let unit: Tensor
    if dtype == .float32 {
      unit = (bits(shape) >> 9).to(.float32) * Tensor(0x1p-23, dtype: .float32)
    } else {
      unit = words(shape, .mantissa).to(.float64) * Tensor(0x1p-52, dtype: .float64)
    }
    if low == 0 && high == 1 { return unit }
    let (a, b) = (Tensor(low, dtype: dtype), Tensor(high, dtype: dtype))
    return (unit * (b - a) + a).maximum(a)
  }

  /// Normal numbers of mean 0 and standard deviation 1: √2 erf⁻¹ of uniform numbers in (−1, 1).
  ///
  /// - Parameter dtype: float32 or float64.
  public func normal(_ shape: Shape = [], dtype: DType = .float32) -> Tensor {
    let low = dtype == .float64 ? (-1.0).nextUp : Double((-1 as Float).nextUp)
    let u = uniform(shape, low: low, high: 1, dtype: dtype)
    return Tensor(2.0.squareRoot(), dtype: dtype) * inverseErf(u)
  }

  /// 1 with probability p as true.
  public func bernoulli(_ p: Double = 0.5, _ shape: Shape = []) -> Tensor {
    uniform(shape) < Tensor(p, dtype: .float32)
  }

  /// Integers in low ..< high as int64, with the bits that JAX uses for int32.
  ///
  ///     Key(0).randint([3], low: 0, high: 100)   // tensor([89, 0, 12])
  public func randint(_ shape: Shape = [], low: Int, high: Int) -> Tensor {
    let distance = high.subtractingReportingOverflow(low)
    guard low < high, !distance.overflow, distance.partialValue <= 1 << 31 else {
      return misuse(
        "randint: low must be less than high and their distance at most 2³¹, but they are \(low) and "
          + "\(high)")
    }
    let (first, second) = split()
    let span = UInt64(distance.partialValue)
    let multiplier = ((65536 % span) * (65536 % span)) & 0xFFFF_FFFF % span
    let (upper, lower) = (first.bits(shape), second.bits(shape))
    let offset =
      (((upper % Int(span)) * Int(multiplier) & 0xFFFF_FFFF) + lower % Int(span)) & 0xFFFF_FFFF
    return offset % Int(span) + low
  }

  /// The index drawn along the last dimension in proportion to exp(logits): the largest of logits plus Gumbel
  /// noise.
  public func categorical(_ logits: Tensor) -> Tensor {
    let u = uniform(
      logits.shape, low: Double(Float.leastNormalMagnitude), high: 1,
      dtype: logits.dtype == .float64 ? .float64 : .float32)
    return (logits - (-u.log()).log()).argmax(dim: -1)
  }
}

/// erf⁻¹, by M. Giles, "Approximating the erfinv function" (2010), and a step of Newton's method for
/// float64.
private func inverseErf(_ x: Tensor) -> Tensor {
  func polynomial(_ w: Tensor, _ coefficients: [Double]) -> Tensor {
    var p = Tensor.full(like: w, coefficients[0])
    for c in coefficients.dropFirst() { p = p * w + c }
    return p
  }
  let w = -(-(x * x)).log1p()
  let central = polynomial(
    w - 2.5,
    [
      2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
      -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    ])
  let tail = polynomial(
    w.sqrt() - 3,
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ])
  var y = Tensor.where(w < 5, central, tail) * x
  guard x.dtype == .float64 else { return y }
  for _ in 0..<2 {
    let slope = 2 / Double.pi.squareRoot() * (-(y * y)).exp()
    y = y - (y.erf() - x) / slope
  }
  return y
}
