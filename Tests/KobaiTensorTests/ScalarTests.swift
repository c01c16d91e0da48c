import ComplexModule
import Kobai
import KobaiTestSupport
import Testing

/// Swift numbers and literals beside tensors.
@Suite struct ScalarTests {
  @Test(arguments: DType.allCases) func aNumberOfTheSameKindAdoptsTheDType(_ dtype: DType) {
    let x = Tensor.ones([2], dtype: dtype)
    let whole = (x * 3).dtype
    #expect(whole == (dtype == .bool ? .int64 : dtype))
    let fraction = (x * 0.5).dtype
    #expect(fraction == (dtype.isDifferentiable ? dtype : .float32))
    let flag = (x * Tensor(weak: true)).dtype
    #expect(flag == dtype)
    let complex = (x * Complex(0.0, 1)).dtype
    #expect(complex == (dtype.isDifferentiable ? dtype.complex : .complex64))
  }

  @Test func literalsOnTheirOwn() {
    let (a, b): (Tensor, Tensor) = (1, 2.5)
    #expect(a.dtype == .int64 && b.dtype == .float32)
    #expect((a + b).dtype == .float32 && (a + b).item() == 3.5)
    #expect((a + 1).dtype == .int64)
  }

  /// Operators of tensors, which literals can be, do not take over those of numbers.
  @Test func numbersAmongThemselvesStayNumbers() {
    let shifts = [64 << 20, 1 << 3 + 1, 64 >> 2]
    let others = [3 & 1, 3 | 4, 5 ^ 3, 7 % 3, 7 / 2, 2 + 3 * 4, -7]
    let fractions = [1.5 + 2, -2.5 * 2, 1 / 3.0]
    let flags = [1 < 2, 2.5 >= 1, 1 == 2]
    #expect(type(of: shifts) == [Int].self && type(of: others) == [Int].self)
    #expect(type(of: fractions) == [Double].self && type(of: flags) == [Bool].self)
    let (n, m, x) = (64 << 20, 3 & 1, 1 / 2.0)
    #expect(type(of: n) == Int.self && type(of: m) == Int.self && type(of: x) == Double.self)
  }

  @Test func bothSidesAgree() {
    let x = Tensor([1.0, 4], dtype: .float16)
    #expect((2 - x).array(as: Double.self) == [1, -2])
    #expect((x - 2).array(as: Double.self) == [-1, 2])
    #expect((8 / x).dtype == .float16)
    #expect((Float(2) * x).dtype == .float16)
    #expect((Int8(2) * x).dtype == .float16)
    let variable = 3
    #expect((x * variable).array(as: Double.self) == [3, 12])
  }

  @Test func integersAreExact() {
    let big = Tensor([1 << 60 + 1])
    #expect((big + 1).item(as: Int.self) == 1 << 60 + 2)
    #expect((Tensor([1 << 60 + 1]) * 1).item(as: Int.self) == 1 << 60 + 1)
  }

  @Test func theDefaultDType() async {
    #expect(DType.default == .float32)
    #expect(misuseMessage { DType.default = .int64 } != nil)
    #expect(misuseMessage { DType.default = .complex64 } != nil)
    await #expect(processExitsWith: .success) {
      DType.default = .float64
      #expect(Tensor([1.5]).dtype == .float64)
      #expect(Tensor.zeros([2]).dtype == .float64)
      #expect(Tensor.rand([2]).dtype == .float64)
      #expect(Tensor.arange(0, 1, 0.5).dtype == .float64)
      #expect((Tensor([1, 2]) * 0.5).dtype == .float64)
      #expect(Tensor([1, 2]).exp().dtype == .float64)
      #expect(Tensor([Complex(1.0, 2)]).dtype == .complex128)
      #expect((1.5 as Tensor).dtype == .float64)
      #expect(Tensor([1 as Float]).dtype == .float32)
      DType.default = .bfloat16
      #expect(Tensor.ones([2]).dtype == .bfloat16)
      #expect((Tensor([1, 2]) / 2).dtype == .bfloat16)
    }
  }
}
