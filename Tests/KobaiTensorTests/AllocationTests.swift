import Kobai
import KobaiTestSupport
import Testing

/// Allocations per operation: numbers that do not depend on how busy the machine is. A change of one of
/// them is a decision, not a fluctuation.
@Suite struct AllocationTests {
  /// Allocations of one call, after a first one has warmed caches up: the fewest of some, because the Swift
  /// runtime may extend a table that other tests fill meanwhile.
  private func count(_ body: () -> Void) -> Int? {
    body()
    return (0..<5).compactMap { _ in allocations(in: body) }.min()
  }

  /// A use that the optimizer cannot remove, nor the operation with it.
  @inline(never) @_optimize(none) private func keep(_ x: Tensor) {}

  #if os(Linux)
    @Test func allocationsAreCounted() {
      guard
        let found = allocations(in: {
          _ = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
        })
      else { return }
      #expect(found == 1)
    }
  #endif

  @Test func arithmeticOnNumbers() {
    let (a, b) = (Tensor(2.0), Tensor(3.0))
    #expect(count { keep(a * b) } ?? 0 == 0)
    #expect(count { keep(a + 1.0) } ?? 0 == 0)
    #expect(count { keep(a.exp()) } ?? 0 == 0)
  }

  @Test func recordedNumbers() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x * x
    #expect(count { keep(y * y) } ?? 1 == 1)
    #expect(count { keep(y + 1.0) } ?? 1 == 1)
    #expect(count { keep(y.exp()) } ?? 1 == 1)
    #expect(count { keep(-y) } ?? 1 == 1)
  }

  /// One for each recorded operation: the walk, the update and the state need none.
  @Test func gradientDescentStep() {
    let x = Tensor(3.0, dtype: .float64, requiresGrad: true)
    let found = count {
      let y = x ** 2 + (-x).exp()
      y.backward()
      x.data = x.data - 0.01 * x.grad
      x.zeroGrad()
    }
    #expect(found ?? 4 == 4)
  }

  @Test func arrays() {
    let (a, b) = (Tensor.ones([8]), Tensor.ones([8]))
    let c = a + b
    #expect(count { keep(c * c) } ?? 1 == 1)
    #expect(count { keep(c + 1.0) } ?? 1 == 1)
    #expect(count { keep(c.exp()) } ?? 1 == 1)
  }

  @Test func recordedArrays() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * x
    #expect(count { keep(y * y) } ?? 2 == 2)
    #expect(count { keep(y + 1.0) } ?? 2 == 2)
    #expect(count { keep(y.exp()) } ?? 2 == 2)
  }
}
