import Kobai
import KobaiTestSupport
import Testing

@Suite struct FunctionalCallTests {
  final class Net: Module {
    let first = Linear(2, 3)
    let second = Linear(3, 1)
    func forward(_ x: Tensor) -> Tensor { second(first(x).tanh()) }
  }

  @Test func modulesAsFunctionsOfTheirParameters() {
    let net = Net()
    let x = Tensor([[0.5, -1.0], [2.0, 1.0]])
    var state: [String: Tensor] = [:]
    for (name, parameter) in net.namedParameters { state[name] = parameter.detach() }
    #expect(functionalCall(net, state) { $0(x) }.bytes == net(x).detach().bytes)
    let doubled = state.mapTensors { $0 * 2 }
    #expect(functionalCall(net, doubled) { $0(x) }.bytes != net(x).detach().bytes)
    #expect(net.first.weight.detach().bytes == state["first.weight"]?.bytes)

    let gradients = grad { (p: [String: Tensor]) in functionalCall(net, p) { ($0(x) ** 2).sum() } }(
      state)
    let (loss, same) = valueAndGrad(net) { ($0(x) ** 2).sum() }
    (net(x) ** 2).sum().backward()
    #expect(loss.bytes == (net(x) ** 2).sum().detach().bytes)
    for (name, parameter) in net.namedParameters {
      #expect(gradients[name]?.bytes == parameter.grad?.bytes)
      #expect(same[name]?.bytes == parameter.grad?.bytes)
    }
  }

  @Test func ensembles() {
    let nets = [Net(), Net(), Net()]
    let x = Tensor([0.5, -1.0])
    let all = vmap(
      { (p: [String: Tensor], x: Tensor) in functionalCall(nets[0], p) { $0(x) } },
      inAxes: [0, nil])(
        stackParameters(nets), x)
    for i in 0..<3 {
      #expect(
        difference(all[i], nets[i](x).detach(), Tolerance(relative: 1e-5, absolute: 1e-6)) == nil)
    }
  }

  @Test func buffersAreReturned() {
    let norm = BatchNorm1d(2)
    let x = Tensor([[1.0, 2.0], [3.0, 6.0]])
    let mean = norm.runningMean!.detach()
    let (_, after) = functionalCallWithState(norm, ["running_mean": mean]) { $0(x) }
    #expect(norm.runningMean!.detach().bytes == mean.bytes)
    #expect(after["running_mean"]!.array(as: Float.self) == [0.2, 0.4])
  }

  @Test func namesAndShapesAreChecked() {
    let net = Net()
    #expect(
      misuseMessage { functionalCall(net, ["third": Tensor(1.0)]) { $0(Tensor([1.0, 2.0])) } }?
        .contains("no parameter or buffer third") == true)
    #expect(
      misuseMessage {
        functionalCall(net, ["first.bias": Tensor([1.0])]) { $0(Tensor([1.0, 2.0])) }
      }?.contains("first.bias must be float32[3]") == true)
  }
}
