import Kobai
import Testing

/// Numbers among themselves keep their precision, whatever type Swift gives to the literals.
@Suite struct NumberTests {
  @Test func literalsStayNumbers() {
    let (third, x) = (0.3 / 3 as Tensor, Tensor(1.0, dtype: .float64))
    #expect((x * third).item() == 0.3 / 3)
    #expect((x * (1 - 0.1 as Tensor)).item() == 0.9)
    #expect((x * (1 / 3 as Tensor)).item() == 1.0 / 3.0)
    #expect(third.dtype == .float32)
    #expect((2 + 3 as Tensor).dtype == .int64)
    #expect((Tensor([1.0, 2.0], dtype: .bfloat16) * (1 / 2 as Tensor)).dtype == .bfloat16)
  }
}
