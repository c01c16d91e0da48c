import Kobai
import KobaiTestSupport
import Testing

/// Derivatives where a function has a kink or a pole: PyTorch's choices, which a derivation cannot give.
@Suite struct ElementwiseKinkTests {
  /// The gradient of the sum of f at the points.
  private func gradient(
    _ points: [Double], _ dtype: DType = .float64, _ f: (Tensor) -> Tensor
  ) -> [Double] {
    let x = Tensor(points, dtype: dtype, requiresGrad: true)
    f(x).sum().backward()
    return x.grad?.array(as: Double.self) ?? []
  }

  private func gradients(
    _ x: Double, _ y: Double, _ f: (Tensor, Tensor) -> Tensor
  ) -> [Double] {
    let (x, y) = (
      Tensor([x], dtype: .float64, requiresGrad: true),
      Tensor([y], dtype: .float64, requiresGrad: true)
    )
    f(x, y).sum().backward()
    return [x, y].map { $0.grad?.item() ?? 0 }
  }

  @Test(arguments: [DType.float32, .float64, .float16, .bfloat16])
  func rectifiers(_ dtype: DType) {
    #expect(gradient([-1, 0, 1], dtype) { $0.relu() } == [0, 0, 1])
    #expect(gradient([.nan], dtype) { $0.relu() } == [1])
    #expect(gradient([-1, 0, 1], dtype) { $0.leakyRelu(negativeSlope: 0.25) } == [0.25, 0.25, 1])
    #expect(gradient([0], dtype) { $0.elu() } == [1])
    #expect(gradient([-1, 1, 0.5], dtype) { $0.hardtanh() } == [0, 0, 1])
    #expect(gradient([0, 6, 3], dtype) { $0.relu6() } == [0, 0, 1])
    #expect(gradient([-3, 3], dtype) { $0.hardsigmoid() } == [0, 0])
    #expect(gradient([-3, 3], dtype) { $0.hardswish() } == [0, 1])
    #expect(gradient([-0.5, 0.5, 1], dtype) { $0.hardshrink() } == [0, 0, 1])
    #expect(gradient([-0.5, 0.5, 1], dtype) { $0.softshrink() } == [0, 0, 1])
    #expect(gradient([21, 30], dtype) { $0.softplus() } == [1, 1])
  }

  @Test func magnitudesAndRoots() {
    #expect(gradient([-2, 0, 2]) { $0.abs() } == [-1, 0, 1])
    #expect(gradient([0]) { $0.sqrt() } == [.infinity])
    #expect(gradient([0]) { $0 ** 0 } == [0])
    #expect(gradient([0]) { $0 ** 1 } == [1])
    #expect(gradient([0]) { $0 ** 2 } == [0])
    #expect(gradient([1.5, -2.5]) { $0.round() } == [0, 0])
    #expect(gradient([1.5, -2.5]) { $0.frac() } == [1, 1])
    #expect(gradient([.nan, .infinity, 1]) { $0.nanToNum() } == [0, 0, 1])
  }

  @Test func bounds() {
    #expect(gradient([-1, 0, 0.5, 1, 2]) { $0.clamp(min: 0, max: 1) } == [0, 1, 1, 1, 0])
    #expect(gradient([.nan]) { $0.clamp(min: 0) } == [0])
    #expect(Tensor([Double.nan]).clamp(min: 0).item().isNaN)
    #expect(Tensor([0.0]).clamp(min: 2, max: 1).item() == 1)
    #expect(gradients(1, 1) { x, low in x.clamp(min: low) } == [1, 0])
    #expect(gradients(0, 1) { x, low in x.clamp(min: low) } == [0, 1])
    #expect(gradients(1, 1) { x, high in x.clamp(max: high) } == [1, 0])
    let message = misuseMessage { Tensor([1.0]).clamp() }
    #expect(message?.contains("At least one of 'min' or 'max' must not be None") == true)
  }

  @Test func ties() {
    #expect(gradients(1, 1) { $0.maximum($1) } == [0.5, 0.5])
    #expect(gradients(1, 1) { $0.minimum($1) } == [0.5, 0.5])
    #expect(gradients(1, 2) { $0.maximum($1) } == [0, 1])
    #expect(gradients(1, 1) { $0.fmax($1) } == [1, 0])
    #expect(gradients(1, .nan) { $0.fmax($1) } == [1, 0])
    #expect(gradients(.nan, 1) { $0.fmin($1) } == [0, 1])
    let larger = Tensor([Double.nan, 1]).maximum(Tensor([1.0, .nan]))
    #expect(larger.isNaN().array(as: Bool.self) == [true, true])
    #expect(Tensor([Double.nan, 1]).fmax(Tensor([1.0, .nan])).array(as: Double.self) == [1, 1])
  }

  @Test func origins() {
    #expect(gradients(0, 0) { $0.atan2($1) } == [0, 0])
    let atOrigin = gradients(0, 0) { $0.hypot($1) }
    #expect(atOrigin[0].isNaN && atOrigin[1].isNaN)
    #expect(gradients(0, 1) { $0.copysign($1) } == [0, 0])
    #expect(gradients(0, 0) { $0 ** $1 } == [0, 0])
    #expect(gradients(0, 2) { $0 ** $1 } == [0, 0])
    #expect(Tensor([0.0]).xlogy(0).item() == 0)
    #expect(Tensor([0.0]).xlogy(Double.nan).item().isNaN)
    #expect(gradients(0, 0) { $0.xlogy($1) }[0] == 0)
  }

  @Test func specialValues() {
    #expect(Tensor([Double.nan]).sign().item() == 0)
    #expect(Tensor([0.5, 1.5, 2.5, -0.5]).round().array(as: Double.self) == [0, 2, 2, 0])
    #expect(Tensor([Double.nan]).isClose(Tensor([Double.nan])).item() == 0)
    #expect(Tensor([Double.infinity]).allClose(Tensor([Double.infinity])))
    #expect(Tensor([Double.nan]).allClose(Tensor([Double.nan]), equalNaN: true))
    #expect(Tensor([Double.nan]).to(.bool).item(as: Bool.self))
  }

  @Test func complexConvention() {
    // The conjugate Wirtinger gradient of |z| is z / |z|; of a holomorphic f it is conj(f′).
    let z = Tensor.complex(Tensor([3.0]), Tensor([4.0])).asState(requiresGrad: true)
    z.abs().sum().backward()
    #expect(z.grad?.real.item() == Double(Float(0.6)))
    #expect(z.grad?.imag.item() == Double(Float(0.8)))
    z.zeroGrad()
    (z * z).real.sum().backward()
    #expect(z.grad?.real.item() == 6)
    #expect(z.grad?.imag.item() == -8)
  }
}
