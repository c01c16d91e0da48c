import Kobai
import Testing

private final class Block: Module {
  let linear = Linear(3, 3)
  @Parameter var scale = Tensor(1.0)
  @Buffer var callCount = Tensor(0, dtype: .int64)
  @Buffer(persistent: false) var mask = Tensor.ones([3])
  func forward(_ x: Tensor) -> Tensor { linear(x) * scale * mask }
}

private final class Net: Module {
  let inputLayer = Linear(2, 3)
  let blocks = [Block(), Block()]
  let heads = ["b": Linear(3, 1), "a": Linear(3, 2)]
  let extra: Linear? = Linear(1, 1, bias: false)
  func forward(_ x: Tensor) -> Tensor {
    blocks.reduce(inputLayer(x)) { $1($0) }
  }
}

@Suite struct ModuleTests {
  @Test func stateHasPyTorchsKeysInItsOrder() {
    #expect(
      Net().stateDict().keys == [
        "input_layer.weight", "input_layer.bias",
        "blocks.0.scale", "blocks.0.call_count", "blocks.0.linear.weight", "blocks.0.linear.bias",
        "blocks.1.scale", "blocks.1.call_count", "blocks.1.linear.weight", "blocks.1.linear.bias",
        "heads.a.weight", "heads.a.bias", "heads.b.weight", "heads.b.bias", "extra.weight",
      ])
  }

  @Test func parametersNameLiveStates() throws {
    let layer = Linear(2, 1)
    let weight = try #require(layer.parameters.first)
    layer.weight = Tensor([[3.0, 4.0]])
    #expect(weight.array(as: Float.self) == [3, 4])
    noGrad { layer.weight.fill_(7) }
    #expect(weight.array(as: Float.self) == [7, 7])
    layer(Tensor([1.0, 2.0])).sum().backward()
    #expect(weight.grad?.array(as: Float.self) == [1, 2])
  }

  @Test func tiedWeightsAreOneParameterAndTwoKeys() {
    final class Tied: Module {
      let a = Linear(2, 2, bias: false)
      let b = Linear(2, 2, bias: false)
      override init() {
        super.init()
        b.weight = a.weight
      }
      func forward(_ x: Tensor) -> Tensor { b(a(x)) }
    }
    let tied = Tied()
    #expect(tied.parameters.count == 1)
    #expect(tied.stateDict().keys == ["a.weight", "b.weight"])
    noGrad { tied.a.weight.fill_(2) }
    #expect(tied.b.weight.array(as: Float.self) == [2, 2, 2, 2])
  }

  @Test func aStateIsOfItsTimeAndLoads() throws {
    let (a, b) = (Net(), Net())
    let before = a.stateDict()
    noGrad { a.inputLayer.weight.fill_(0) }
    let values = before["input_layer.weight"]?.array(as: Float.self) ?? []
    #expect(values.contains { $0 != 0 })
    let report = try b.load(before)
    #expect(report.isExact)
    #expect(b.inputLayer.weight.array(as: Float.self) == values)
  }

  @Test func loadingIsAllOrNothing() throws {
    let layer = Linear(2, 3)
    let before = layer.weight.array(as: Float.self)
    let error = #expect(throws: LoadError.self) {
      try layer.load([
        "weight": Tensor.zeros([3, 2]), "bias": Tensor.zeros([2]), "other": Tensor(1.0),
      ])
    }
    #expect(error?.report.mismatched.map(\.name) == ["bias"])
    #expect(error?.report.unexpected == ["other"])
    #expect(layer.weight.array(as: Float.self) == before)

    #expect(throws: LoadError.self) { try layer.load(["weight": Tensor.zeros([3, 2])]) }
    let report = try layer.load(["weight": Tensor.zeros([3, 2])], strict: false)
    #expect(report.missing == ["bias"])
    #expect(layer.weight.array(as: Float.self) == [Float](repeating: 0, count: 6))
  }

  @Test func modesReachAllModules() {
    let net = Net()
    net.eval()
    #expect(net.modules.allSatisfy { !$0.isTraining })
    net.train()
    let allTrain = net.modules.allSatisfy { $0.isTraining }
    #expect(allTrain)
  }

  @Test func conversionKeepsTheStates() throws {
    let net = Net()
    let weight = try #require(net.parameters.first)
    net.to(.float64)
    #expect(weight.dtype == .float64)
    #expect(net.blocks[0].callCount.dtype == .int64)
    #expect(net(Tensor.ones([1, 2], dtype: .float64)).dtype == .float64)
  }

  @Test func modulesThatReferBackAreNotFollowed() {
    final class Child: Module {
      unowned let parent: ModuleBase
      let linear = Linear(1, 1, bias: false)
      init(_ parent: ModuleBase) { self.parent = parent }
      func forward(_ x: Tensor) -> Tensor { linear(x) }
    }
    final class Parent: Module {
      lazy var child = Child(self)
      func forward(_ x: Tensor) -> Tensor { child(x) }
    }
    let parent = Parent()
    _ = parent(Tensor([1.0]))
    #expect(parent.stateDict().keys == ["child.linear.weight"])
    #expect(parent.modules.count == 3)
    #expect(!"\(parent)".isEmpty)
  }

  @Test func descriptionIsPyTorchs() {
    #expect(
      "\(Net())" == """
        Net(
          (input_layer): Linear(in_features=2, out_features=3, bias=True)
          (blocks): ModuleList(
            (0): Block(
              (linear): Linear(in_features=3, out_features=3, bias=True)
            )
            (1): Block(
              (linear): Linear(in_features=3, out_features=3, bias=True)
            )
          )
          (heads): ModuleList(
            (a): Linear(in_features=3, out_features=2, bias=True)
            (b): Linear(in_features=3, out_features=1, bias=True)
          )
          (extra): Linear(in_features=1, out_features=1, bias=False)
        )
        """)
  }

  @Test func forwardHooksSeeAndReplace() {
    let layer = Linear(2, 1, bias: false)
    layer.weight = Tensor([[1.0, 1.0]])
    var seen: [Shape] = []
    let post = layer.registerForwardHook { _, x, y in
      seen = [x.shape, y.shape]
      return y * 10
    }
    let pre = layer.registerForwardPreHook { _, x in x + 1 }
    #expect(layer(Tensor([[1.0, 2.0]])).item() == 50)
    #expect(seen == [[1, 2], [1, 1]])
    pre.remove()
    post.remove()
    #expect(layer(Tensor([[1.0, 2.0]])).item() == 3)
  }

  /// Layers that are called with several arguments: hooks see the ones that stand first, as a tuple.
  @Test func hooksSeeEveryLayer() {
    let lstm = LSTM(2, 3)
    var states: [Bool] = []
    lstm.registerForwardPreHook { _, input in
      states.append(input.state != nil)
      return (input.input * 0, input.state)
    }
    let doubled = lstm.registerForwardHook { _, _, output in (output.output * 2, output.state) }
    let x = Tensor.ones([4, 1, 2])
    let (hooked, state) = lstm(x)
    doubled.remove()
    let (single, _) = lstm(x, state)
    #expect(states == [false, true])
    #expect((hooked[0, 0, 0] - 2 * lstm(x * 5).output[0, 0, 0]).abs().item() < 1e-6)
    let packed = lstm(packSequence([x[0..., 0], x[..<2, 0]]))
    #expect(single.shape == [4, 1, 3] && packed.output.data.shape == [6, 3])
    #expect(states.count == 4 && packed.output.batchSizes == [2, 2, 1, 1])

    let layer = TransformerEncoderLayer(4, 2, dimFeedforward: 8, dropout: 0, batchFirst: true)
    var shapes: [Shape] = []
    layer.registerForwardHook { _, input, output in
      shapes += [input.shape, output.shape]
      return nil
    }
    layer.selfAttn.registerForwardHook { _, input, output in
      shapes += [input.key.shape]
      return (output.output * 0, output.weights)
    }
    let source = Tensor.randn([1, 3, 4])
    let y = layer(source)
    #expect(shapes == [[1, 3, 4], [1, 3, 4], [1, 3, 4]])
    let normal = layer.norm1(source)
    let expected = layer.norm2(normal + layer.linear2(layer.linear1(normal).relu()))
    #expect((y - expected).abs().max().item() < 1e-5)

    let loss = CrossEntropyLoss()
    loss.registerForwardHook { _, input, output in output * Double(input.1.count) }
    let (logits, classes) = (Tensor.randn([2, 3]), Tensor([0, 2]))
    let sum = crossEntropy(logits, classes, reduction: .sum)
    #expect((loss(logits, classes) - sum).abs().item() < 1e-6)
  }

  @Test func errorsNameTheModule() throws {
    let net = Net()
    let error = #expect(throws: Misuse.self) {
      try recovering { net.blocks[1].linear(net(Tensor.ones([1, 5]))) }
    }
    #expect(error?.message.hasSuffix("(in Net.input_layer)") == true)
    let inner = #expect(throws: Misuse.self) {
      try recovering { Linear(3, 4)(Tensor.ones([2, 2])) }
    }
    #expect(inner?.message.hasSuffix("(in Linear)") == true)
  }

  @Test func anomaliesNameTheModule() {
    final class Log: Module {
      func forward(_ x: Tensor) -> Tensor { x.log() }
    }
    final class Outer: Module {
      let inner = Log()
      func forward(_ x: Tensor) -> Tensor { inner(x) }
    }
    let outer = Outer()
    let error = #expect(throws: Anomaly.self) {
      try detectingAnomaly { outer(Tensor([-1.0])) }
    }
    #expect(error?.scope.path == "Outer.inner")
  }

  @Test func modulesMayHaveSeveralInputs() {
    let layer = Bilinear(2, 3, 1)
    layer.weight = Tensor([[[1.0, 0, 0], [0, 1, 0]]])
    layer.bias = Tensor([0.5])
    let y = layer(Tensor([[2.0, 3.0]]), Tensor([[5.0, 7.0, 11.0]]))
    #expect(y.item() == 31.5)  // 2 · 5 + 3 · 7 + 0.5
  }
}
