import Kobai
import KobaiTestSupport
import Testing

/// Sizes whose product does not fit are a misuse like any other: they never end the program.
@Suite("sizes that overflow")
struct SizeOverflowTests {
  static let huge = 1 << 40

  private func isRefused(_ body: () -> Tensor) -> Bool {
    do {
      _ = try recovering { body() }
      return false
    } catch {
      return true
    }
  }

  @Test func creation() {
    #expect(isRefused { Tensor.zeros([Self.huge, Self.huge]) })
    #expect(isRefused { Tensor.full([Self.huge, Self.huge], 1, dtype: .int64) })
    #expect(isRefused { Tensor.rand([Self.huge, Self.huge, Self.huge]) })
    #expect(isRefused { Tensor([1.0], shape: [Self.huge, Self.huge]) })
  }

  /// 2⁴⁷ bytes: the size fits into a number, but into no address space.
  @Test func memoryThatIsNotThere() {
    for make in [
      { Tensor.zeros([1 << 43], dtype: .complex128) },
      { Tensor.full([1 << 43], 2, dtype: .complex128) },
      { Tensor.ones([1], dtype: .complex128).expand(1 << 43).contiguous() },
    ] {
      let message = misuseMessage(make)
      #expect(message?.contains("the system has no memory for it") == true, "\(message ?? "none")")
    }
    let first = misuseMessage { Tensor.zeros([1 << 43], dtype: .complex128).reshape(-1, 1)[0] }
    #expect(first?.contains("the system has no memory for it") == true)
  }

  @Test func movement() {
    let x = Tensor.ones([2, 3])
    #expect(isRefused { x.reshape(Self.huge, Self.huge) })
    #expect(isRefused { x.reshape(Self.huge, Self.huge, -1) })
    #expect(isRefused { x.view(Self.huge, Self.huge) })
    #expect(isRefused { x.repeat(Self.huge, Self.huge) })
    #expect(isRefused { Tensor.ones([1, 1]).expand(Self.huge, Self.huge).contiguous() })
  }

  /// Tensors have shifts too: they must not take integers' from them.
  @Test func shiftsOfIntegersStayIntegers() {
    let shifted = 1 << 40
    #expect(type(of: shifted) == Int.self)
    #expect(type(of: shifted >> 2) == Int.self)
  }

  @Test func nothingTimesMuchIsNothing() {
    #expect(Tensor.zeros([0, Self.huge, Self.huge]).count == 0)
    let view = Tensor.zeros([1, 1, 0]).expand(Self.huge, Self.huge, 0)
    #expect(view.count == 0)
    #expect(view.contiguous().shape == [Self.huge, Self.huge, 0])
  }

  @Test func aViewMayBeLarge() {
    let x = Tensor.ones([1]).expand(Self.huge, Self.huge)
    #expect(x.shape == [Self.huge, Self.huge])
    #expect(x.count == .max)
    #expect(x[3, 4].item() == 1)
  }
}
