import Kobai
import KobaiTestSupport
import Testing

@Suite("what optimizers refuse")
struct ErrorTests {
  private func x() -> [Tensor] { live([Tensor([1.0, 2.0])]) }

  private func refuses(_ text: String, _ body: () -> Void) {
    let message = misuseMessage(body)
    #expect(message?.contains(text) == true, "\(message ?? "accepted")")
  }

  @Test func options() {
    refuses("SGD: Invalid learning rate: -1.0") { _ = SGD(x(), lr: -1) }
    refuses("Adam: Invalid learning rate: nan") { _ = Adam(x(), lr: Double.nan) }
    refuses("SGD: Invalid momentum value: -0.5") { _ = SGD(x(), momentum: -0.5) }
    refuses("Nesterov momentum requires a momentum and zero dampening") {
      _ = SGD(x(), nesterov: true)
    }
    refuses("Invalid beta parameter at index 1: 1.0") { _ = AdamW(x(), betas: (0.9, 1)) }
    refuses("Invalid epsilon value: -1.0") { _ = Adam(x(), eps: -1) }
    refuses("Invalid rho value: 1.5") { _ = Adadelta(x(), rho: 1.5) }
    refuses("Invalid eta values: 1.5, 2.0") { _ = Rprop(x(), etas: (1.5, 2)) }
    refuses("Muon only supports 2D parameters") { _ = Muon(x()) }
    refuses("Tensor lr must be 1-element") { _ = Adam(x(), lr: Tensor([0.1, 0.2])) }
    refuses("Invalid learning rate: -1.0") { _ = SGD([ParameterGroup(x(), lr: -1)]) }
  }

  @Test func parameters() {
    refuses("optimizer got an empty parameter list") { _ = SGD([Tensor]()) }
    refuses("can't optimize a non-leaf Tensor") { _ = SGD([x()[0] * 2]) }
    refuses("can't optimize a non-leaf Tensor") { _ = SGD([Tensor([1.0])]) }
    let shared = x()
    refuses("duplicate parameters") { _ = SGD(shared + shared) }
    refuses("some parameters appear in more than one parameter group") {
      _ = SGD([ParameterGroup(shared), ParameterGroup(shared)])
    }
    refuses("should be with/without names. cannot add param group without names") {
      _ = SGD([ParameterGroup(x(), names: ["w"]), ParameterGroup(x())])
    }
    refuses("LBFGS doesn't support per-parameter options") {
      _ = LBFGS([ParameterGroup(x()), ParameterGroup(x())])
    }
  }

  @Test func namesOfOptions() {
    refuses("Adam: has no option momentum; the options are lr, beta1") {
      _ = Adam([ParameterGroup(x(), [.momentum: 0.9])])
    }
    refuses("there is no option momentum") {
      let optimizer = Adam(x())
      optimizer.parameterGroups[0][.momentum] = 0.9
    }
  }

  @Test func implementations() {
    refuses("`fused` and `foreach` cannot be `True` together") {
      _ = Adam(x(), foreach: true, fused: true)
    }
    refuses("differentiable steps are not supported") { _ = SGD(x(), differentiable: true) }
    refuses("step needs a closure") { LBFGS(x()).step() }
    #expect(misuseMessage { _ = Adam(x(), lr: Tensor(0.1), fused: true, capturable: true) } == nil)
  }
}
