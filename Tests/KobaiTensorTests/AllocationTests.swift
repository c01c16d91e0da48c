import Foundation
import Kobai
import KobaiTestSupport
import Synchronization
import Testing

/// Allocations per operation: numbers that do not depend on how busy the machine is. A change of one of
/// them is a decision, not a fluctuation.
@Suite struct AllocationTests {
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
    #expect(steadyAllocations { keep(a * b) } ?? 0 == 0)
    #expect(steadyAllocations { keep(a + 1.0) } ?? 0 == 0)
    #expect(steadyAllocations { keep(a.exp()) } ?? 0 == 0)
  }

  @Test func recordedNumbers() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x * x
    #expect(steadyAllocations { keep(y * y) } ?? 1 == 1)
    #expect(steadyAllocations { keep(y + 1.0) } ?? 1 == 1)
    #expect(steadyAllocations { keep(y.exp()) } ?? 1 == 1)
    #expect(steadyAllocations { keep(-y) } ?? 1 == 1)
  }

  /// One for each recorded operation: the walk, the update and the state need none.
  @Test func gradientDescentStep() {
    #expect(gradientDescentAllocations() ?? 4 == 4)
  }

  /// The nodes' own scratch is for one walk at a time; a walk beside it needs no more allocations.
  @Test func gradientDescentStepBesideAnotherBackward() {
    let found = Mutex<Int?>(nil)
    let other = Tensor(1.0, requiresGrad: true)
    let y = other * 2.0
    y.registerHook { _ in
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        found.withLock { $0 = gradientDescentAllocations() }
        done.signal()
      }
      done.wait()
      return nil
    }
    y.backward()
    #expect(found.withLock { $0 } ?? 4 == 4)
  }

  @Test func arrays() {
    let (a, b) = (Tensor.ones([8]), Tensor.ones([8]))
    let c = a + b
    #expect(steadyAllocations { keep(c * c) } ?? 1 == 1)
    #expect(steadyAllocations { keep(c + 1.0) } ?? 1 == 1)
    #expect(steadyAllocations { keep(c.exp()) } ?? 1 == 1)
  }

  @Test func recordedArrays() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * x
    #expect(steadyAllocations { keep(y * y) } ?? 2 == 2)
    #expect(steadyAllocations { keep(y + 1.0) } ?? 2 == 2)
    #expect(steadyAllocations { keep(y.exp()) } ?? 2 == 2)
  }
}

private func gradientDescentAllocations() -> Int? {
  let x = Tensor(3.0, dtype: .float64, requiresGrad: true)
  return steadyAllocations {
    let y = x ** 2 + (-x).exp()
    y.backward()
    x.data = x.data - 0.01 * x.grad
    x.zeroGrad()
  }
}
