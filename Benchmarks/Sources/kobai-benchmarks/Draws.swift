import Kobai

/// The same numbers in every language: SplitMix64's mixer over a stream's number and an element's index
/// (Steele, Lea and Flood, 2014). peers/draws.py is this file in Python.
struct Draws {
  private var stream: UInt64

  init(stream: UInt64 = 0) { self.stream = stream }

  /// Float32 numbers in −bound ..< bound: a multiple of 2⁻²³, times bound, rounded once.
  mutating func uniform(_ shape: Shape, bound: Float = 1) -> Tensor {
    let bits = next(shape.reduce(1, *)) { $0 >> 40 }
    return Tensor(bits.map { (Float($0) * 0x1p-23 - 1) * bound }, shape: shape)
  }

  /// Integers in 0 ..< bound.
  mutating func integers(_ shape: Shape, below bound: Int) -> Tensor {
    let bits = next(shape.reduce(1, *)) { $0 >> 33 }
    return Tensor(bits.map { Int64($0 % UInt64(bound)) }, shape: shape)
  }

  private mutating func next(_ count: Int, _ part: (UInt64) -> UInt64) -> [UInt64] {
    stream += 1
    return (0..<UInt64(count)).map { index in
      var z = (stream << 40 | index) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return part(z ^ z >> 31)
    }
  }
}

/// The root mean square of the elements, and their inner product with drawn numbers over √count.
func projections(of tensor: Tensor) -> [Double] {
  let elements = tensor.array(as: Double.self)
  var draws = Draws(stream: 1000)
  let directions = draws.uniform([elements.count]).array(as: Double.self)
  let count = Double(max(elements.count, 1))
  let square = elements.reduce(0) { $0 + $1 * $1 }
  let product = zip(elements, directions).reduce(0) { $0 + $1.0 * $1.1 }
  return [(square / count).squareRoot(), product / count.squareRoot()]
}
