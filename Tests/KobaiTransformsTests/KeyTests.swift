import Kobai
import KobaiTestSupport
import Testing

/// Numbers that JAX 0.10.2 gives for the same keys.
@Suite struct KeyTests {
  @Test func splits() {
    let (a, b) = Key(0).split()
    #expect(a.data.array(as: Int.self) == [1_797_259_609, 2_579_123_966])
    #expect(b.data.array(as: Int.self) == [928_981_903, 3_453_687_069])
    #expect(
      Key(0).split(3).data.array(as: Int.self) == [
        1_797_259_609, 2_579_123_966, 928_981_903, 3_453_687_069, 4_146_024_105, 2_718_843_009,
      ])
    #expect(Key(0).split(3)[1].data.bytes == b.data.bytes)
    #expect(Key(0).foldIn(7).data.array(as: Int.self) == [2_716_826_189, 292_468_403])
    #expect(Key((1 << 32) + 5).data.array(as: Int.self) == [1, 5])
  }

  @Test func words() {
    #expect(
      Key(0).bits([5]).array(as: Int.self) == [
        4_070_199_207, 4_202_968_722, 1_427_181_096, 2_012_915_765, 2_447_653_815,
      ])
  }

  @Test func numbers() {
    let near = Tolerance(relative: 1e-6, absolute: 1e-7)
    #expect(
      difference(Key(0).uniform([4]), Tensor([0.947667, 0.9785799, 0.33229148, 0.46866846]), near)
        == nil)
    #expect(
      difference(
        Key(0).uniform([3], low: -2, high: 3), Tensor([2.7383351, 2.8928995, -0.33854258]), near)
        == nil)
    #expect(
      difference(
        Key(0).normal([4]), Tensor([1.6226422, 2.0252647, -0.43359444, -0.07861735]),
        Tolerance(relative: 2e-6, absolute: 1e-6)) == nil)
    #expect(
      difference(
        Key(0).uniform([3], dtype: .float64),
        Tensor([0.41845711, 0.21629545, 0.96532146], dtype: .float64),
        Tolerance(relative: 0, absolute: 1e-8)) == nil)
    #expect(
      difference(
        Key(0).normal([3], dtype: .float64),
        Tensor([-0.20584214, -0.78476578, 1.81608667], dtype: .float64),
        Tolerance(relative: 0, absolute: 1e-8)) == nil)
    #expect(Key(0).randint([5], low: 0, high: 100).array(as: Int.self) == [89, 0, 12, 73, 71])
    #expect(Key(5).randint([4], low: -7, high: 1000).array(as: Int.self) == [769, 646, 271, 217])
    #expect(
      Key(0).bernoulli(0.3, [6]).array(as: Bool.self) == [false, false, false, false, false, true])
  }

  @Test func keysAreBatchedAndCompiled() {
    let keys = Key(3).split(4)
    let all = vmap { (key: Key) in key.uniform([2]) }(keys)
    for i in 0..<4 { #expect(all[i].bytes == keys[i].uniform([2]).bytes) }
    let compiled = jit { (key: Key) -> Tensor in
      let (a, b) = key.split()
      return a.uniform([2]) + b.normal([2])
    }
    for seed in 0..<3 {
      let (a, b) = Key(seed).split()
      #expect(compiled(Key(seed)).bytes == (a.uniform([2]) + b.normal([2])).bytes)
    }
    #expect(compiled.traceCount == 1)
  }
}
