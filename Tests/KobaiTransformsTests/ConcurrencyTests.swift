import Foundation
import Kobai
import KobaiTestSupport
import Testing

@Suite struct ConcurrencyTests {
  @Test func differentGraphsAtOnce() {
    DispatchQueue.concurrentPerform(iterations: 64) { i in
      let x = Tensor([Double(i), 1.0], dtype: .float64, requiresGrad: true)
      for _ in 0..<20 {
        x.zeroGrad()
        var y = x
        for _ in 0..<50 { y = y * x + y }
        y.sum().backward()
      }
      let once = x.grad
      x.zeroGrad()
      var y = x
      for _ in 0..<50 { y = y * x + y }
      y.sum().backward()
      #expect(x.grad?.bytes == once?.bytes)
    }
  }

  @Test func oneRetainedGraph() {
    let x = Tensor([1.0, 2.0, 3.0], dtype: .float64, requiresGrad: true)
    let loss = (x * x * x).sum()
    DispatchQueue.concurrentPerform(iterations: 200) { _ in loss.backward(retainGraph: true) }
    #expect(x.grad?.array(as: Double.self) == [600, 2400, 5400])
  }

  @Test func oneGraphServesOneOfSeveralThreads() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    let refused = Counter()
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      if misuseMessage({ y.backward() }) != nil { refused.add() }
    }
    #expect(refused.count == 15)
    #expect(x.grad?.item() == 6)
  }

  @Test func aValueIsReadWholeWhileItIsReplaced() {
    let x = Tensor.zeros([1000], dtype: .float64, requiresGrad: true)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for i in 0..<2000 {
        if thread % 2 == 0 {
          x.data = Tensor.full([1000], Double(thread * 1000 + i), dtype: .float64)
        } else {
          let elements = x.array(as: Double.self)
          #expect(elements.allSatisfy { $0 == elements[0] })
          let loss = (x * x).sum()
          let gradient = Tensor.gradients(of: loss, wrt: x).array(as: Double.self)
          #expect(gradient.allSatisfy { $0 == gradient[0] })
        }
      }
    }
  }

  @Test func switchesBelongToTheirThread() {
    noGrad {
      let recorded = Counter()
      DispatchQueue.concurrentPerform(iterations: 1) { _ in }
      let thread = Thread {
        let x = Tensor(1.0, requiresGrad: true)
        if (x * x).requiresGrad { recorded.add() }
        recorded.done.signal()
      }
      thread.start()
      recorded.done.wait()
      #expect(recorded.count == 1)
    }
  }
}

private final class Counter: @unchecked Sendable {  // the count is behind a lock
  private let lock = NSLock()
  private var value = 0
  let done = DispatchSemaphore(value: 0)
  func add() { lock.withLock { value += 1 } }
  var count: Int { lock.withLock { value } }

  /// Each step locks its parameters; two that name the same in another order do not wait for each
  /// other for ever.
  @Test func twoOptimizersStepTheSameParameters() {
    let parameters = (0..<6).map { _ in Tensor.zeros([8], dtype: .float64, requiresGrad: true) }
    for parameter in parameters { parameter.sum().backward() }
    DispatchQueue.concurrentPerform(iterations: 8) { i in
      let optimizer = SGD(i % 2 == 0 ? parameters : parameters.reversed(), lr: 1)
      for _ in 0..<500 { optimizer.step() }
    }
    for parameter in parameters {
      #expect(parameter.array(as: Double.self) == Array(repeating: -4000, count: 8))
    }
  }
}
