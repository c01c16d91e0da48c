import Kobai
import KobaiTestSupport
import Testing

/// The programs in the articles of Sources/Kobai/Kobai.docc.
@Suite struct ArticlesTests {
  @Test func tensors() {
    let a = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(a.dtype == .int64 && a.shape == [2, 3])
    #expect(Tensor([0.5, 1.5]).dtype == .float32)
    #expect(Tensor([0.5, 1.5], dtype: .float64).dtype == .float64)
    #expect(Tensor([1, 2, 3, 4], shape: [2, 2]).shape == [2, 2])
    #expect(Tensor.zeros([2, 3]).shape == [2, 3] && Tensor.zeros(like: a).dtype == .int64)
    #expect("\(Tensor.arange(0, 1, 0.25))" == "tensor([0.0000, 0.2500, 0.5000, 0.7500])")
    #expect(Tensor.linspace(0, 1, steps: 5)[4].item() == 1)
    #expect(Tensor.eye(3).shape == [3, 3] && Tensor.randn([2, 3]).shape == [2, 3])
    #expect(a.array(as: Double.self) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    #expect(Tensor([2.5]).item() == 2.5)
    #expect(a.withSpan(as: Int.self) { $0[4] } == 5)
    #expect("\(a)" == "tensor([[1, 2, 3],\n        [4, 5, 6]])")
    #expect((Tensor([1, 2]) + 0.5).dtype == .float32)
    #expect((Tensor([1.0], dtype: .float16) * 2.5).dtype == .float16)
    #expect((Tensor([1]) / Tensor([2])).dtype == .float32)
  }

  @Test func valuesAndStates() {
    var b = Tensor([1.0, 2.0])
    let old = b
    b += 1
    #expect("\(b)" == "tensor([2., 3.])" && "\(old)" == "tensor([1., 2.])")
    var w = Tensor.zeros([3], requiresGrad: true)
    let sameWeights = w
    noGrad { w += 1 }
    #expect(sameWeights.array(as: Float.self) == [1.0, 1.0, 1.0])
  }

  @Test func autograd() {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    (x * x).sum().backward()
    #expect("\(x.grad as Any)" == "Optional(tensor([2., 4., 6.]))")
    let y = Tensor(3.0, requiresGrad: true)
    let first = Tensor.gradients(of: y ** 3, wrt: y, createGraph: true)
    #expect(first.item() == 27)
    #expect(Tensor.gradients(of: first, wrt: y).item() == 18)
    #expect(!noGrad { y * 2 }.requiresGrad)
    #expect(!(y * 2).detach().requiresGrad && !x.argmax().requiresGrad)
    let z = Tensor(3.0, requiresGrad: true)
    z.registerHook { $0 * 2 }
    (z * z).backward()
    #expect(z.grad?.item() == 12)
  }

  @Test func transforms() {
    let (output, tangent) = jvp({ (x: [Tensor]) in x[0] * x[1] }, [2.0, 3.0], [1.0, 0.0])
    #expect("\(output) \(tangent)" == "tensor(6.) tensor(3.)")
    let dots = vmap({ [($0[0] * $0[1]).sum()] }, inAxes: [0, nil])
    #expect("\(dots([Tensor([[1, 2], [3, 4]]), Tensor([1, 1])])[0])" == "tensor([3, 7])")
    let graph = makeGraph({ [($0[0] * $0[0]).sum()] }, [TensorType(.float32, [3])])
    #expect(
      "\(graph)" == """
        (%0: float32[3])
        %1: float32[3] = mul %0 %0
        %2: float32[] = sum %1
        return %2
        """)
  }

  @Test func randomNumbers() throws {
    let x = Tensor.rand([3], generator: Generator(seed: 0))
    #expect("\(x)" == "tensor([0.4963, 0.7682, 0.0885])")
    let generator = Generator(seed: 42)
    let start = generator.state
    let first = Tensor.randn([5], generator: generator)
    try generator.setState(start)
    let again = Tensor.randn([5], generator: generator)
    #expect(first.bytes == again.bytes)
  }

  @Test func errors() {
    let message = misuseMessage { Tensor.ones([2, 3]).matmul(Tensor.ones([4, 5])) }
    #expect(message?.hasPrefix("matmul: inner dimensions differ: [2, 3] × [4, 5] (3 ≠ 4)") == true)
    #expect(throws: DeviceError.self) { try Device("cuda") }
    #expect("\(Tensor.poison)".contains("<poisoned>"))
  }
}
