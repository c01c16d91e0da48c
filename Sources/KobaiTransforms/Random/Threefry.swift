import KobaiOperators
import KobaiTensor

extension Primitives {
  /// Random words from a key: Threefry 2×32 of the counter 0, 1, 2 … (or of one number).
  struct Threefry: UnaryPrimitive {
    enum Output: Hashable {
      /// Both words of each counter, along a last dimension: new keys.
      case both
      /// One word, the exclusive or of both.
      case word
      /// The upper 52 bits of both words.
      case mantissa
      /// Both words of one counter, which the shape holds.
      case folded
    }
    static let name = "threefry"
    let shape: Shape
    let output: Output
    private var result: Shape {
      switch output {
      case .both: shape + [2]
      case .word, .mantissa: shape
      case .folded: [2]
      }
    }

    func infer(_ x: TensorType) -> TensorType {
      TensorType(.int64, x.shape.dropLast() + result)
    }

    func evaluate(_ x: Value) -> Value {
      let keys = x.contiguous
      let count = keys.count / 2
      return keys.withElements { source, _ in
        let words = source.assumingMemoryBound(to: Int64.self)
        return Value.make(.int64, keys.shape.dropLast() + result) { out in
          var next = out.assumingMemoryBound(to: Int64.self)
          for k in 0..<count {
            let key = (
              UInt32(truncatingIfNeeded: words[2 * k]), UInt32(truncatingIfNeeded: words[2 * k + 1])
            )
            fill(key, &next)
          }
        }
      }
    }

    private func fill(_ key: (UInt32, UInt32), _ next: inout UnsafeMutablePointer<Int64>) {
      func put(_ word: UInt64) {
        next.pointee = Int64(bitPattern: word)
        next += 1
      }
      if output == .folded {
        let (a, b) = Self.words(key, UInt64(shape[0]))
        put(UInt64(a))
        return put(UInt64(b))
      }
      for i in 0..<shape.reduce(1, *) {
        let (a, b) = Self.words(key, UInt64(i))
        switch output {
        case .word: put(UInt64(a ^ b))
        case .mantissa: put((UInt64(a) << 32 | UInt64(b)) >> 12)
        case .both, .folded:
          put(UInt64(a))
          put(UInt64(b))
        }
      }
    }

    /// 20 rounds; the rotations and the constant are those of Random123.
    static func words(_ key: (UInt32, UInt32), _ counter: UInt64) -> (UInt32, UInt32) {
      var keys = (key.0, key.1, key.0 ^ key.1 ^ 0x1BD1_1BDA)
      var x = UInt32(truncatingIfNeeded: counter >> 32) &+ keys.0
      var y = UInt32(truncatingIfNeeded: counter) &+ keys.1
      func mix(_ rotation: UInt32) {
        x = x &+ y
        y = (y << rotation | y >> (32 - rotation)) ^ x
      }
      for group in 1...5 as ClosedRange<UInt32> {
        if group % 2 == 1 {
          mix(13); mix(15); mix(26); mix(6)
        } else {
          mix(17); mix(29); mix(16); mix(24)
        }
        keys = (keys.1, keys.2, keys.0)
        x = x &+ keys.0
        y = y &+ keys.1 &+ group
      }
      return (x, y)
    }

    var residuals: Residuals { .none }
    func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
    func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
    func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}
