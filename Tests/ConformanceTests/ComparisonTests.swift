import KobaiConformance
import KobaiTensor
import Testing

@Suite("comparison of results")
struct ComparisonTests {
  private func host<T: BitwiseCopyable>(
    _ dtype: DType, _ values: [T], shape: [Int]? = nil
  ) -> HostTensor {
    HostTensor(
      dtype: dtype, shape: shape ?? [values.count], bytes: values.withUnsafeBytes { Array($0) })
  }

  private let loose = Tolerance(relative: 0.1, absolute: 0.01)
  private let exact = Tolerance(relative: 0, absolute: 0)

  private func agree(_ got: HostTensor, _ want: HostTensor, _ tolerance: Tolerance) -> Bool {
    do {
      try Comparison.close(got, want, tolerance, "")
      return true
    } catch {
      return false
    }
  }

  @Test func tolerance() {
    #expect(agree(host(.float32, [1.1 as Float]), host(.float32, [1 as Float]), loose))
    #expect(!agree(host(.float32, [1.2 as Float]), host(.float32, [1 as Float]), loose))
    // The tolerance goes by what is wanted, not by what came.
    #expect(agree(host(.float64, [0.0]), host(.float64, [0.011]), loose))
    #expect(!agree(host(.float64, [0.02]), host(.float64, [0.0]), loose))
    #expect(agree(host(.float32, [-0.0 as Float]), host(.float32, [0 as Float]), exact))
  }

  @Test func specialValues() {
    let (nan, inf) = (Float.nan, Float.infinity)
    #expect(agree(host(.float32, [nan, inf]), host(.float32, [nan, inf]), loose))
    #expect(!agree(host(.float32, [nan]), host(.float32, [1 as Float]), loose))
    #expect(!agree(host(.float32, [1 as Float]), host(.float32, [nan]), loose))
    #expect(!agree(host(.float32, [inf]), host(.float32, [-inf]), loose))
    #expect(!agree(host(.float32, [1e38 as Float]), host(.float32, [inf]), loose))
  }

  @Test func integersAreExact() {
    let large: Int64 = 1 << 60
    #expect(agree(host(.int64, [large]), host(.int64, [large]), exact))
    #expect(!agree(host(.int64, [large + 1]), host(.int64, [large]), exact))
  }

  @Test func complexNumbersGoByDistance() {
    #expect(
      agree(
        host(.complex64, [3, 4.4] as [Float], shape: [1]),
        host(.complex64, [3, 4] as [Float], shape: [1]), loose))
    #expect(
      !agree(
        host(.complex64, [3, 4.6] as [Float], shape: [1]),
        host(.complex64, [3, 4] as [Float], shape: [1]), loose))
  }

  @Test func typesMustAgree() {
    #expect(!agree(host(.float32, [1 as Float]), host(.float64, [1.0]), loose))
    #expect(!agree(host(.float64, [1.0]), host(.float64, [1.0], shape: [1, 1]), loose))
  }

  @Test func indicesAmongEqualElementsAreFree() throws {
    let input = host(.float64, [2.0, 1, 2, 3])
    let values = host(.float64, [1.0, 2, 2, 3])
    for indices: [Int64] in [[1, 0, 2, 3], [1, 2, 0, 3]] {
      try Comparison.gathered(input, host(.int64, indices), values, dim: 0, exact)
    }
    for indices: [Int64] in [[1, 0, 0, 3], [0, 1, 2, 3], [1, 0, 2, 4], [-1, 0, 2, 3]] {
      #expect(throws: Mismatch.self) {
        try Comparison.gathered(input, host(.int64, indices), values, dim: 0, exact)
      }
    }
  }

  @Test func setsHaveNoOrder() throws {
    let want = host(.float64, [1.0, 2, .nan])
    try Comparison.sameSet(host(.float64, [.nan, 2.0, 1]), want, exact)
    #expect(throws: Mismatch.self) {
      try Comparison.sameSet(host(.float64, [1.0, 1, .nan]), want, exact)
    }
    let rows = host(.int64, [1, 2, 3, 4] as [Int64], shape: [2, 2])
    try Comparison.sameSet(host(.int64, [3, 4, 1, 2] as [Int64], shape: [2, 2]), rows, exact)
    #expect(throws: Mismatch.self) {
      try Comparison.sameSet(host(.int64, [1, 4, 3, 2] as [Int64], shape: [2, 2]), rows, exact)
    }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func halfPrecision() {
      let patterns = (0...UInt16.max).map { $0 }
      let decoded = host(.float16, patterns).numbers
      for (bits, number) in zip(patterns, decoded) {
        let want = Double(Float16(bitPattern: bits))
        #expect(number == want || number.isNaN && want.isNaN)
      }
    }
  #endif
}
