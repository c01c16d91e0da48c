import Kobai
import Testing

@Suite struct DTypeTests {
  @Test func names() {
    for dtype in DType.allCases { #expect(DType(name: dtype.description) == dtype) }
    #expect(DType(name: "float8") == nil)
  }

  @Test func sizesAndKinds() {
    let sizes: [DType: Int] = [
      .float32: 4, .float64: 8, .float16: 2, .bfloat16: 2, .int8: 1, .int16: 2, .int32: 4,
      .int64: 8, .uint8: 1, .bool: 1, .complex64: 8, .complex128: 16,
    ]
    for dtype in DType.allCases {
      #expect(dtype.size == sizes[dtype])
      let kinds = [dtype.isFloatingPoint, dtype.isInteger, dtype.isComplex, dtype == .bool]
      #expect(kinds.filter { $0 }.count == 1)
      #expect(dtype.isDifferentiable == (dtype.isFloatingPoint || dtype.isComplex))
      #expect(
        dtype.complex.real == (dtype == .float64 || dtype == .complex128 ? .float64 : .float32))
    }
  }

  @Test func rangesAreThoseOfTheElements() {
    for dtype in DType.allCases where !dtype.isComplex && dtype != .int64 {
      let largest = dtype.greatestFinite
      #expect(Tensor(largest, dtype: dtype).item() == largest, "\(dtype)")
    }
    for dtype in DType.allCases where dtype.isFloatingPoint {
      let next = Tensor(1 + dtype.epsilon, dtype: dtype).item()
      #expect(next == 1 + dtype.epsilon)
      #expect(Tensor(1 + dtype.epsilon / 4, dtype: dtype).item() == 1)
      #expect(Tensor(dtype.greatestFinite * 2, dtype: dtype).item() == .infinity)
    }
  }

  @Test func promotionIsSymmetricAndIdempotent() {
    for a in DType.allCases {
      #expect(DType.promote(a, a) == a)
      for b in DType.allCases {
        let both = DType.promote(a, b)
        #expect(both == DType.promote(b, a))
        #expect(DType.promote(both, a) == both && a.canCast(to: both))
      }
    }
  }
}
