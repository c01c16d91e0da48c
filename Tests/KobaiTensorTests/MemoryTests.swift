import Kobai
import Testing

/// In a process of its own: the counters see all threads.
@Suite struct MemoryTests {
  @Test func peakSeesATemporary() async {
    await #expect(processExitsWith: .success) {
      let bytes = 64 << 20
      _ = Tensor.zeros([1000]).sum().item()
      let start = Memory.current
      Memory.resetPeak()
      #expect(Memory.peak == start)
      do {
        let x = Tensor.zeros([bytes / 4])
        #expect(Memory.current - start >= bytes)
        #expect(Memory.current - start < bytes + bytes / 8)
        _ = (x + 1).sum().item()
      }
      #expect(Memory.current == start)
      #expect(Memory.peak - start >= 2 * bytes)
      #expect(Memory.peak - start < 2 * bytes + bytes / 8)
      #expect(Memory.reserved >= Memory.current)
      Memory.resetPeak()
      #expect(Memory.peak == start)
      Memory.trim()
      #expect(Memory.reserved < bytes)
    }
  }

  @Test func viewsShareTheirMemory() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.zeros([1 << 20])
      let start = Memory.current
      let views = (0..<100).map { _ in x.reshape([1024, 1024]).t() }
      #expect(views.count == 100 && Memory.current - start < 1 << 20)
    }
  }

  @Test func aGraphIsFreedWithItsResult() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor.ones([1 << 20], requiresGrad: true)
      let start = Memory.current
      var y = x.exp()
      for _ in 0..<5 { y = y.sin() }
      #expect(Memory.current - start >= 5 << 22)
      y = x
      #expect(Memory.current == start)
    }
  }
}
