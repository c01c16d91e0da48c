import ComplexModule
import Kobai
import KobaiTestSupport
import Testing

@Suite struct ElementsTests {
  @Test func nestedArrays() {
    #expect(Tensor(7).shape == [])
    #expect(Tensor([1, 2, 3]).shape == [3])
    let x = Tensor([[[1, 2, 3], [4, 5, 6]]])
    #expect(x.shape == [1, 2, 3])
    #expect(x.array(as: Int.self) == [1, 2, 3, 4, 5, 6])
    #expect(Tensor([[], []] as [[Double]]).shape == [2, 0])
    #expect(Tensor([[[]], [[]]] as [[[Int]]]).shape == [2, 1, 0])
    #expect(Tensor([] as [Int]).shape == [0])
    #expect(Tensor([[]] as [[Int]]).dtype == .int64)
  }

  @Test func raggedRowsAreRefused() {
    for body in [
      { Tensor([[1, 2], [3]]) }, { Tensor([[[1], [2]], [[3]]]) }, { Tensor([[], [1]]) },
    ] as [() -> Tensor] {
      #expect(misuseMessage(body)?.contains("one length") == true)
    }
  }

  @Test func dtypesOfSwiftTypes() {
    #expect(Tensor([1]).dtype == .int64)
    #expect(Tensor([1.0]).dtype == .float32)
    #expect(Tensor([1.0], dtype: .float64).dtype == .float64)
    #expect(Tensor([1 as Float]).dtype == .float32)
    #expect(Tensor([1 as Float16]).dtype == .float16)
    #expect(Tensor([1 as Int8]).dtype == .int8)
    #expect(Tensor([1 as Int16]).dtype == .int16)
    #expect(Tensor([1 as Int32]).dtype == .int32)
    #expect(Tensor([1 as UInt8]).dtype == .uint8)
    #expect(Tensor([true]).dtype == .bool)
    #expect(Tensor([Complex(1.0, 2)]).dtype == .complex64)
    #expect(Tensor([Complex<Float>(1, 2)]).dtype == .complex64)
    #expect(Tensor([Complex(1.0, 2)], dtype: .complex128).dtype == .complex128)
    // Elements keep their bits where the dtype holds them.
    #expect(Tensor([0.1], dtype: .float64).item() == 0.1)
    #expect(Tensor([0.1]).item(as: Float.self) == 0.1)
    #expect(Tensor([Int.max]).item(as: Int.self) == .max)
  }

  @Test(arguments: DType.allCases) func everyDTypeConvertsToEverySwiftType(_ dtype: DType) {
    let x = Tensor([[0, 1], [1, 0]], dtype: dtype).t()
    let numbers = [0, 1, 1, 0]
    #expect(x.array(as: Int.self) == numbers)
    #expect(x.array(as: Int8.self) == numbers.map(Int8.init))
    #expect(x.array(as: Int16.self) == numbers.map(Int16.init))
    #expect(x.array(as: Int32.self) == numbers.map(Int32.init))
    #expect(x.array(as: UInt8.self) == numbers.map(UInt8.init))
    #expect(x.array(as: Float.self) == numbers.map(Float.init))
    #expect(x.array(as: Float16.self) == numbers.map { Float16($0) })
    #expect(x.array(as: Double.self) == numbers.map(Double.init))
    #expect(x.array(as: Bool.self) == numbers.map { $0 == 1 })
    #expect(x.array(as: Complex<Double>.self) == numbers.map { Complex(Double($0)) })
    let one = Tensor([[1]], dtype: dtype)
    #expect(one.item() == 1 && one.item(as: Int.self) == 1 && one.item(as: Bool.self))
    #expect(one.item(as: Complex<Float>.self) == Complex(1))
    let number = Tensor(1, dtype: dtype)
    #expect(number.shape == [] && number.array(as: Double.self) == [1] && number.item() == 1)
  }

  @Test func conversionsArePyTorchs() {
    let x = Tensor([2.9, -2.9, .nan, 0])
    #expect(Array(x.array(as: Int.self).prefix(2)) == [2, -2])
    #expect(x.array(as: Bool.self) == [true, true, true, false])
    #expect(Tensor([300, -1]).array(as: UInt8.self) == [44, 255])
    #expect(Tensor([Complex(1.5, 2)]).array(as: Double.self) == [1.5])
    #expect(Tensor(1 / 3.0, dtype: .float64).item(as: Float.self) == Float(1 / 3.0))
  }

  @Test func bytesGoInAndOut() {
    let x = Tensor(bytes: [0, 0, 128, 63, 0, 0, 0, 64], dtype: .float32, shape: [2])
    #expect(x.array(as: Float.self) == [1, 2])
    #expect(x.bytes == [0, 0, 128, 63, 0, 0, 0, 64])
    #expect(Tensor([[1, 2], [3, 4]], dtype: .int8).t().bytes == [1, 3, 2, 4])
    let message = misuseMessage { Tensor(bytes: [1, 2, 3], dtype: .float32, shape: [1]) }
    #expect(message?.contains("but 3 were given") == true)
    #expect(Tensor(bytes: [], dtype: .int64, shape: [0, 2]).shape == [0, 2])
  }

  @Test func flatArraysWithAShape() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(x.array(as: Int.self) == [1, 2, 3, 4, 5, 6] && x.shape == [2, 3])
    #expect(Tensor([1.5], shape: []).shape == [])
    let message = misuseMessage { Tensor([1, 2, 3], shape: [2, 2]) }
    #expect(message?.contains("needs 4 elements, but 3 were given") == true)
    #expect(misuseMessage { Tensor([1], shape: [-1, -1]) } != nil)
  }

  @Test func spans() {
    let numbers: [Float] = [1, 2, 3]
    let x = Tensor(numbers.span)
    #expect(x.dtype == .float32 && x.array(as: Float.self) == numbers)
    let y = Tensor([[1, 2], [3, 4]], dtype: .int32).t()
    let sum = y.withSpan(as: Int32.self) { span in
      (0..<span.count).reduce(0) { $0 * 10 + Int(span[$1]) }
    }
    #expect(sum == 1324)
    #expect(misuseMessage { y.withSpan(as: Float.self) { $0.count } } != nil)
    #expect(Tensor.zeros([0]).withSpan(as: Float.self) { $0.count } == 0)
    #expect(Tensor(5, dtype: .float64).withSpan(as: Double.self) { $0[0] } == 5)
  }

  @Test func itemNeedsOneElement() {
    for shape in [[10], [2, 5], [0]] as [Shape] {
      let message = misuseMessage { Tensor.zeros(shape).item() }
      #expect(message?.contains("elements cannot be converted to Scalar") == true)
    }
    #expect(Tensor(Complex(1.0, -2)).item(as: Complex<Double>.self) == Complex(1, -2))
    #expect(Tensor([Int.max]).item(as: Int.self) == .max)
  }

  @Test func leavesAndBuffersAreRead() {
    let x = Tensor([1.0, 2], requiresGrad: true)
    #expect(x.array(as: Double.self) == [1, 2])
    #expect((x * 2).array(as: Double.self) == [2, 4])
    #expect(misuseMessage { Tensor([1, 2], requiresGrad: true) } != nil)
    #expect(Tensor([Complex(1.0, 1)], requiresGrad: true).requiresGrad)
  }

  @Test func largeArrays() {
    let numbers = (0..<100_000).map(Double.init)
    let x = Tensor(numbers, dtype: .float64)
    #expect(x.array(as: Double.self) == numbers)
  }
}
