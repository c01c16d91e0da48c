import Kobai
import KobaiTestSupport
import Testing

/// traP 機械学習講習会, lecture 2: automatic differentiation.
@Suite struct AutogradTests {
  @Test func autograd1() {
    // x = torch.tensor(3.0, requires_grad=True); y = x ** 2 + 2 * x + 1
    let x = Tensor(3.0, requiresGrad: true)
    let y = x ** 2 + 2 * x + 1
    y.backward()
    #expect(x.grad?.item() == 8)
  }

  @Test func autograd2() {
    let x1 = Tensor(1.0, requiresGrad: true)
    let x2 = Tensor(2.0, requiresGrad: true)
    let x3 = Tensor(3.0, requiresGrad: true)
    let y = x1 ** 2 + x2 ** 2 + x3 ** 2
    y.backward()
    #expect([x1, x2, x3].map { $0.grad?.item() } == [2, 4, 6])
  }

  @Test func autograd3() {
    // xᵀ W x
    let W = Tensor([[1.0, 2.0], [2.0, 1.0]])
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x.matmul(W).matmul(x)
    y.backward()
    #expect(x.grad?.array(as: Double.self) == [10, 8])
  }

  @Test func autograd4() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = ((x + 2) + (1 + (x ** 2).exp())).sin()
    y.backward()
    #expect(printed(x.grad?.item() ?? 0, 4) == "-218.4625")
  }

  @Test func autograd5() {
    let message = misuseMessage { Tensor(3, requiresGrad: true) }
    #expect(
      message?.contains("Only Tensors of floating point and complex dtype can require gradients")
        == true)
  }

  @Test func zygote() {
    // gradient((x) -> (x[1] + x[2]) * x[1]^2, [1.0, 2.0])
    let x1 = Tensor(1.0, requiresGrad: true)
    let x2 = Tensor(2.0, requiresGrad: true)
    let gradients = Tensor.gradients(of: [(x1 + x2) * x1 ** 2], wrt: [x1, x2])
    #expect(gradients.map { $0?.item() } == [7, 1])
  }
}

/// 最短コースでわかる PyTorch & 深層学習プログラミング, chapter 2.
@Suite struct BookChapter2Tests {
  @Test func quadraticFunction() {
    // x = np.arange(-2, 2.1, 0.25); y = 2 * x**2 + 2
    let numbers = (0...16).map { -2 + 0.25 * Double($0) }
    let x = Tensor(numbers, requiresGrad: true)
    var y = 2 * x ** 2 + 2
    var z = y.sum()
    z.backward()
    #expect(x.grad?.array(as: Double.self) == numbers.map { 4 * $0 })

    // Without zeroing, gradients add up.
    y = 2 * x ** 2 + 2
    z = y.sum()
    z.backward()
    #expect(x.grad?.array(as: Double.self) == numbers.map { 8 * $0 })

    x.zeroGrad()
    #expect(x.grad == nil)
  }
}
