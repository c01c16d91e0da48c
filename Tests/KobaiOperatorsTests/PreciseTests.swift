import Foundation
import Kobai
import KobaiTestSupport
import Synchronization
import Testing

/// Convolutions that take Winograd's algorithm, and the switch that keeps them from it. The switch for
/// all threads is left alone: tests run side by side.
@Suite struct PreciseTests {
  struct Shape: Sendable {
    let batch, channels, filters, size: Int
  }

  /// Whole tiles in several blocks, ragged tiles, few tiles of many channels, channels over.
  static let shapes = [
    Shape(batch: 2, channels: 64, filters: 32, size: 32),
    Shape(batch: 4, channels: 32, filters: 64, size: 14),
    Shape(batch: 16, channels: 128, filters: 160, size: 4),
    Shape(batch: 3, channels: 40, filters: 24, size: 23),
  ]

  /// The result and both gradients.
  private func run(_ shape: Shape, _ dtype: DType) -> [Tensor] {
    var random = RandomSource(seed: 5)
    let inputs = [
      random.uniform(-1...1, [shape.batch, shape.channels, shape.size, shape.size]),
      random.uniform(-1...1, [shape.filters, shape.channels, 3, 3]),
    ].map { $0.to(dtype).asState(requiresGrad: true) }
    let dy = random.uniform(-1...1, [shape.batch, shape.filters, shape.size, shape.size])
    let y = inputs[0].conv2d(inputs[1], padding: 1)
    y.backward(gradient: dy.to(dtype))
    return [y.detach()] + inputs.compactMap(\.grad)
  }

  /// The root mean square of the difference over that of the expected result.
  private func error(_ got: Tensor, _ expected: Tensor) -> Double {
    let difference = got.to(.float64) - expected
    return ((difference * difference).mean() / (expected * expected).mean()).sqrt().item()
  }

  @Test(arguments: shapes)
  func preciseErrorsAreSmaller(_ shape: Shape) {
    let exact = run(shape, .float64)
    let fast = run(shape, .float32)
    let careful = precise { run(shape, .float32) }
    #expect(exact.count == 3 && fast.count == 3 && careful.count == 3)
    for i in 0..<3 {
      let (quick, slow) = (error(fast[i], exact[i]), error(careful[i], exact[i]))
      #expect(quick < 2e-6 && slow < 6e-7 && slow < quick, "\(i) of \(shape): \(quick), \(slow)")
    }
  }

  @Test func theScopeEnds() {
    let before = Convolutions.isPrecise
    precise {
      #expect(Convolutions.isPrecise)
      precise { #expect(Convolutions.isPrecise) }
      #expect(Convolutions.isPrecise)
    }
    #expect(Convolutions.isPrecise == before)
  }

  @Test func theScopeIsThisThreadsAlone() {
    let before = Convolutions.isPrecise
    let seen = Mutex<Bool?>(nil)
    let done = DispatchSemaphore(value: 0)
    precise {
      Thread {
        seen.withLock { $0 = Convolutions.isPrecise }
        done.signal()
      }.start()
      done.wait()
    }
    #expect(seen.withLock { $0 } == before)
  }

  @Test(arguments: shapes)
  func bitsDoNotDependOnThreads(_ shape: Shape) {
    let before = Threads.count
    defer { Threads.count = before }
    for isPrecise in [false, true] {
      let results = [1, 2, 3].map { count in
        Threads.count = count
        return isPrecise ? precise { run(shape, .float32) } : run(shape, .float32)
      }
      for i in 0..<3 {
        for other in results.dropFirst() {
          #expect(
            results[0][i].array(as: Float.self) == other[i].array(as: Float.self),
            "\(i) of \(shape), precise: \(isPrecise)")
        }
      }
    }
  }
}
