import Kobai
import KobaiTestSupport
import Testing

/// Integers: wrapping, division, remainders, powers, shifts, as PyTorch's.
@Suite struct ElementwiseIntegerTests {
  @Test func arithmeticWraps() {
    let x = Tensor([200], dtype: .uint8)
    #expect((x + Tensor([100], dtype: .uint8)).array(as: Int.self) == [44])
    #expect((x + 1000).array(as: Int.self) == [176])
    #expect((-x).array(as: Int.self) == [56])
    #expect(Tensor([-128], dtype: .int8).abs().array(as: Int.self) == [-128])
    #expect((Tensor([true]) + Tensor([true])).array(as: Bool.self) == [true])
    #expect((Tensor([true]) * 2).array(as: Int.self) == [2])
  }

  @Test func divisionRoundsAsAsked() {
    let (x, y) = (Tensor([7, -7, 7, -7]), Tensor([2, 2, -2, -2]))
    #expect((x / y).array(as: Double.self) == [3.5, -3.5, -3.5, 3.5])
    #expect(x.div(y, roundingMode: .floor).array(as: Int.self) == [3, -4, -4, 3])
    #expect(x.div(y, roundingMode: .trunc).array(as: Int.self) == [3, -3, -3, 3])
    #expect(x.floorDivide(y).array(as: Int.self) == [3, -4, -4, 3])
    #expect((x % y).array(as: Int.self) == [1, 1, -1, -1])
    #expect(x.fmod(y).array(as: Int.self) == [1, -1, 1, -1])
    #expect((7 % Tensor([3, -3])).array(as: Int.self) == [1, -2])
  }

  @Test func quotientAndRemainderMakeTheDividend() {
    for dtype in [DType.int8, .int16, .int32, .int64] {
      let (x, y) = (
        Tensor.arange(-20, 21).to(dtype), Tensor([3, -4, 7], dtype: dtype).reshape([3, 1])
      )
      #expect(difference(x.floorDivide(y) * y + x % y, (x + y) - y) == nil)
      #expect(difference(x.div(y, roundingMode: .trunc) * y + x.fmod(y), (x + y) - y) == nil)
    }
  }

  @Test func divisionByZero() {
    let zero = Tensor([0])
    for message in [
      misuseMessage { Tensor([1]).floorDivide(zero) }, misuseMessage { Tensor([1]) % zero },
      misuseMessage { Tensor([1]).fmod(zero) },
      misuseMessage { Tensor([1]).div(zero, roundingMode: .trunc) },
    ] { #expect(message?.contains("ZeroDivisionError") == true) }
    let x = Tensor([1.0, -1, 0])
    #expect((x / 0).array(as: Double.self).prefix(2) == [.infinity, -.infinity])
    #expect(x.floorDivide(0).array(as: Double.self)[0] == .infinity)
    #expect((x / 0).array(as: Double.self)[2].isNaN)
    #expect((Tensor([1]) / 0).array(as: Double.self) == [.infinity])
  }

  @Test func powers() {
    #expect((Tensor([2, -3]) ** 3).array(as: Int.self) == [8, -27])
    #expect((Tensor([2, 1, -1]) ** Tensor([-1])).array(as: Int.self) == [0, 1, -1])
    #expect((2 ** Tensor([0, 3])).array(as: Int.self) == [1, 8])
    #expect((Tensor([0]) ** 0).array(as: Int.self) == [1])
    #expect((Tensor([4]) ** 0.5).array(as: Double.self) == [2])
    let message = misuseMessage { Tensor([2]) ** -1 }
    #expect(message?.contains("Integers to negative integer powers are not allowed") == true)
  }

  @Test func shifts() {
    #expect((Tensor([1, -3]) << 2).array(as: Int.self) == [4, -12])
    #expect((Tensor([-8, 9]) >> 1).array(as: Int.self) == [-4, 4])
    #expect((Tensor([1], dtype: .int32) << 40).array(as: Int.self) == [0])
    #expect((Tensor([-1, 1], dtype: .int8) >> 9).array(as: Int.self) == [-1, 0])
    #expect((~Tensor([0, 5])).array(as: Int.self) == [-1, -6])
    #expect((~Tensor([true, false])).array(as: Bool.self) == [false, true])
    #expect(misuseMessage { Tensor([1.0]) & 1 }?.contains("not implemented for 'Float'") == true)
  }

  @Test func boolsAreNotNumbers() {
    let mask = Tensor([true, false])
    #expect(misuseMessage { -mask }?.contains("Negation, the `-` operator") == true)
    #expect(misuseMessage { mask - mask }?.contains("two bool tensors") == true)
    #expect(misuseMessage { mask - 1 }?.contains("with a bool tensor") == true)
    #expect((!mask).array(as: Bool.self) == [false, true])
    #expect((.!mask).array(as: Bool.self) == [false, true])
    #expect((mask ^ true).array(as: Bool.self) == [false, true])
    #expect(misuseMessage { mask.relu() } != nil)
  }

  @Test func alphaMustFit() {
    #expect(Tensor([1]).add(Tensor([2]), alpha: 3).array(as: Int.self) == [7])
    #expect(Tensor([1]).sub(2, alpha: 3).array(as: Int.self) == [-5])
    let message = misuseMessage { Tensor([1]).add(Tensor([1]), alpha: 0.5) }
    #expect(message?.contains("argument alpha must not be a floating point number") == true)
  }

  @Test func comparisonsWithNumbers() {
    let x = Tensor([1, 2, 3])
    #expect((x .== 2).array(as: Bool.self) == [false, true, false])
    #expect((x .!= 2).array(as: Bool.self) == [true, false, true])
    #expect((x < 2.5).array(as: Bool.self) == [true, true, false])
    #expect((2 <= x).array(as: Bool.self) == [false, true, true])
    #expect(((x > 1) & (x < 3)).array(as: Bool.self) == [false, true, false])
  }
}
