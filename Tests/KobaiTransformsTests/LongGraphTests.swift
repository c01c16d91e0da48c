import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// Recording, walking and releasing a graph takes no stack in proportion to its depth.
@Suite(.serialized) struct LongGraphTests {
  static let length = Workload.of(1_000_000, sanitized: 20_000)

  enum Chain: CaseIterable {
    case negation, product, sum, general, several

    func step(_ y: Tensor, _ x: Tensor) -> Tensor {
      switch self {
      case .negation: -y
      case .product: y * x
      case .sum: y + y * 0
      case .general: Tensor.where(Tensor(true), y, x)
      case .several: bind(Pair(), [y])[1]
      }
    }
    func build(_ x: Tensor, length: Int) -> Tensor {
      var y = x
      for _ in 0..<length { y = step(y, x) }
      return y
    }
    var gradient: Double { self == .product ? Double(LongGraphTests.length + 1) : 1 }
  }

  /// x ↦ (x, x), to record nodes with several outputs.
  private struct Pair: Primitive {
    static let name = "pair"
    func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0], inputs[0]] }
    func evaluate(_ inputs: [Value]) -> [Value] { [inputs[0], inputs[0]] }
    var residuals: Residuals { .none }
    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0] ?? cotangents[1]]
    }
    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] { bind(self, inputs) }
  }

  /// Calls `body` on a thread of its own with a small stack.
  private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      body()
      done.signal()
    }
    thread.stackSize = 512 << 10
    thread.start()
    done.wait()
  }

  @Test(arguments: Chain.allCases) func backward(_ chain: Chain) {
    onSmallStack {
      let x = Tensor(1.0, dtype: .float64, requiresGrad: true)
      chain.build(x, length: Self.length).backward()
      #expect(x.grad?.item() == chain.gradient)
    }
  }

  @Test(arguments: Chain.allCases) func releaseWithoutBackward(_ chain: Chain) {
    onSmallStack {
      let x = Tensor(1.0, requiresGrad: true)
      _ = chain.build(x, length: Self.length)
      #expect(x.grad == nil)
    }
  }

  @Test func releaseOfARetainedGraph() {
    onSmallStack {
      let x = Tensor(1.0, requiresGrad: true)
      Chain.product.build(x, length: Self.length).backward(retainGraph: true)
    }
  }

  @Test func aRecordedDerivative() {
    onSmallStack {
      let x = Tensor(1.0, dtype: .float64, requiresGrad: true)
      let length = Self.length / 10
      let y = Chain.product.build(x, length: length)
      let slope = Tensor.gradients(of: y, wrt: x, createGraph: true)
      #expect(slope.item() == Double(length + 1))
      #expect(Tensor.gradients(of: slope, wrt: x).item() == Double((length + 1) * length))
    }
  }

  @Test func underVmap() {
    onSmallStack {
      let x = Tensor([1.0, 2.0], requiresGrad: true)
      let y = vmap { [Chain.negation.build($0[0], length: Self.length / 5)] }([x])[0]
      y.sum().backward()
      #expect(x.grad?.array(as: Double.self) == [1, 1])
    }
  }

  @Test func insideVmap() {
    onSmallStack {
      let gradients = vmap { inputs in
        let x = inputs[0].asState(requiresGrad: true)
        return [Tensor.gradients(of: Chain.negation.build(x, length: Self.length / 5), wrt: x)]
      }([Tensor([1.0, 2.0])])[0]
      #expect(gradients.array(as: Double.self) == [1, 1])
    }
  }

  @Test func underForwardMode() {
    onSmallStack {
      let slope = jvp(
        { [Chain.sum.build($0[0], length: Self.length / 10)] }, [Tensor(1.0)], [Tensor(1.0)])
      #expect(slope.tangents[0].item() == 1)
    }
  }

  @Test func inATask() async {
    let gradient = await Task.detached {
      let x = Tensor(1.0, requiresGrad: true)
      Chain.negation.build(x, length: Self.length).backward()
      return x.grad?.item()
    }.value
    #expect(gradient == 1)
  }
}
