import Kobai
import KobaiTestSupport
import Testing

/// Allocations per operation: numbers that do not depend on how busy the machine is. A change of one of
/// them is a decision, not a fluctuation.
@Suite struct AllocationTests {
  /// Allocations of one call, after a first one has warmed caches up.
  private func count(_ body: () -> Void) -> Int? {
    body()
    return allocations(in: body)
  }

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
    #expect(count { _ = a * b } ?? 0 == 0)
    #expect(count { _ = a + 1.0 } ?? 0 == 0)
    #expect(count { _ = a.exp() } ?? 0 == 0)
  }

  @Test func recordedNumbers() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x * x
    #expect(count { _ = y * y } ?? 1 == 1)
    #expect(count { _ = y + 1.0 } ?? 1 == 1)
    #expect(count { _ = y.exp() } ?? 1 == 1)
    #expect(count { _ = -y } ?? 1 == 1)
  }

  @Test func arrays() {
    let (a, b) = (Tensor.ones([8]), Tensor.ones([8]))
    let c = a + b
    #expect(count { _ = c * c } ?? 1 == 1)
    #expect(count { _ = c + 1.0 } ?? 1 == 1)
    #expect(count { _ = c.exp() } ?? 1 == 1)
  }

  @Test func recordedArrays() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * x
    #expect(count { _ = y * y } ?? 2 == 2)
    #expect(count { _ = y + 1.0 } ?? 2 == 2)
    #expect(count { _ = y.exp() } ?? 2 == 2)
  }
}
