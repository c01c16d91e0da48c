import Kobai
import KobaiTestSupport
import Testing

@Suite struct JacobianTests {
  private let x = Tensor([0.5, -1.0, 2.0], dtype: .float64)
  private func f(_ x: Tensor) -> Tensor { stack([x.sin() * x[0], x ** 2]) }

  private var expected: Tensor {
    // Rows of f: sin(xᵢ) x₀ and xᵢ².
    let v = x.array(as: Double.self)
    var rows: [Double] = []
    for part in 0..<2 {
      for i in 0..<3 {
        for j in 0..<3 {
          func d(_ a: Int, _ b: Int) -> Double { a == b ? 1 : 0 }
          rows.append(
            part == 0
              ? cosine(v[i]) * v[0] * d(i, j) + sine(v[i]) * d(0, j) : 2 * v[i] * d(i, j))
        }
      }
    }
    return Tensor(rows, shape: [2, 3, 3], dtype: .float64)
  }
  private func sine(_ x: Double) -> Double { Tensor(x, dtype: .float64).sin().item() }
  private func cosine(_ x: Double) -> Double { Tensor(x, dtype: .float64).cos().item() }

  @Test(arguments: [DerivativeMode.forward, .reverse, .automatic])
  func modesAgree(_ mode: DerivativeMode) {
    let result = jacobian(f, mode: mode)(x)
    #expect(difference(result, expected, Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
  }

  @Test func ofStructures() {
    let result = jacobian { (p: [String: Tensor], x: Tensor) in p["a"]! * x + p["b"]! }(
      ["a": Tensor([1.0, 2.0]), "b": Tensor([3.0, 4.0])], Tensor([5.0, 6.0]))
    #expect(result["a"]!.array(as: Double.self) == [5, 0, 0, 6])
    #expect(result["b"]!.array(as: Double.self) == [1, 0, 0, 1])
  }

  @Test func hessians() {
    let h = hessian { (x: Tensor) in (x ** 3).sum() + x[0] * x[1] }(x)
    #expect(
      difference(
        h, Tensor([[3.0, 1, 0], [1, -6, 0], [0, 0, 12]], dtype: .float64),
        Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
    let blocks = hessian { (p: [Tensor]) in p[0] * p[0] * p[1] }([3.0, 5.0])
    #expect(blocks.map { $0.map { $0.item() } } == [[10, 6], [6, 0]])
  }

  @Test func hessianVectorProduct() {
    let v = Tensor([1.0, 2.0, -1.0], dtype: .float64)
    let f = { (x: Tensor) in (x ** 3).sum() + x[0] * x[1] }
    let product = hvp(f, x, v)
    let full = hessian(f)(x).matmul(v)
    #expect(difference(product, full, Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
  }

  @Test func jacobianOfJacobian() {
    let third = jacobian(jacobian(jacobian { $0 ** 3 }))(Tensor([2.0, 5.0], dtype: .float64))
    #expect(third.shape == [2, 2, 2, 2])
    #expect(third.array(as: Double.self).filter { $0 != 0 } == [6, 6])
  }

  @Test func derivativesOfAFunctionThatFails() {
    let x = Tensor([1.0, 2.0, 3.0])
    #expect(misuseMessage { jacobian { (x: Tensor) in x + Tensor.ones([5]) }(x) } != nil)
    #expect(misuseMessage { hessian { (x: Tensor) in x * x }(x) } != nil)
    #expect(misuseMessage { hessian { (x: Tensor) in x * x }(x.reshape([7])) } != nil)
  }
}
