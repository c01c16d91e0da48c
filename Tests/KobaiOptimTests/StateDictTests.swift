import Kobai
import KobaiTestSupport
import Testing

@Suite("states of optimizers")
struct StateDictTests {
  private func start() -> [Tensor] {
    let generator = Generator(seed: 1)
    return [[5, 3], [2, 4]].map { Tensor.randn($0, generator: generator) }
  }

  /// What a file keeps of a state: bytes and text.
  private func stored(_ state: OptimizerState) -> OptimizerState {
    OptimizerState(
      tensors: state.tensors.map {
        ($0.name, Tensor(bytes: $0.value.bytes, dtype: $0.value.dtype, shape: $0.value.shape))
      }, metadata: state.metadata)
  }

  @Test(arguments: Kind.all + Kind.composed)
  func resumesToTheSameBytes(_ kind: Kind) throws {
    let whole = live(start())
    train(kind.make(whole), whole, steps: 0..<6)

    let first = live(start())
    let optimizer = kind.make(first)
    train(optimizer, first, steps: 0..<3)
    let state = stored(optimizer.stateDict())

    let second = live(first.map(\.data))
    let resumed = kind.make(second)
    try resumed.load(state)
    train(resumed, second, steps: 3..<6)
    #expect(second.map(\.bytes) == whole.map(\.bytes))
  }

  @Test func lbfgsResumesToTheSameBytes() throws {
    let target = Tensor([[1.0, -2.0], [0.5, 3.0]])
    func run(_ optimizer: LBFGS, _ x: Tensor, _ steps: Int) {
      for _ in 0..<steps {
        optimizer.step {
          optimizer.zeroGrad()
          let loss = ((x - target).square() + 0.1 * x.square().square()).sum()
          loss.backward()
          return loss
        }
      }
    }
    func make(_ x: Tensor) -> LBFGS {
      LBFGS([x], maxIter: 3, historySize: 3, lineSearch: .strongWolfe)
    }
    let start = Tensor([[3.0, 3.0], [3.0, 3.0]])
    let whole = live([start])[0]
    run(make(whole), whole, 4)

    let first = live([start])[0]
    let optimizer = make(first)
    run(optimizer, first, 2)
    let second = live([first.data])[0]
    let resumed = make(second)
    try resumed.load(stored(optimizer.stateDict()))
    run(resumed, second, 2)
    #expect(second.bytes == whole.bytes)
  }

  @Test func namesAreThoseOfPyTorch() {
    let parameters = live(start())
    let optimizer = Adam(
      [ParameterGroup([parameters[0]]), ParameterGroup([parameters[1]], lr: 0.5)], amsgrad: true)
    train(optimizer, parameters, steps: 0..<2)
    let state = optimizer.stateDict()
    let each = ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    #expect(
      state.tensors.map(\.name) == [0, 1].flatMap { i in each.map { "state.\(i).\($0)" } })
    #expect(state["state.1.step"]?.item() == 2)
    #expect(state["state.1.step"]?.dtype == .float32)
    #expect(state.metadata["param_groups.0.lr"] == "0.001")
    #expect(state.metadata["param_groups.1.lr"] == "0.5")
    #expect(state.metadata["param_groups.1.params"] == "[1.0]")
    #expect(state.metadata["param_groups.0.amsgrad"] == "true")
  }

  /// A saved state is a value.
  @Test func laterStepsDoNotChangeASavedState() {
    let parameters = live(start())
    let optimizer = Adam(parameters)
    train(optimizer, parameters, steps: 0..<2)
    let state = optimizer.stateDict()
    let bytes = state.tensors.map(\.value.bytes)
    train(optimizer, parameters, steps: 2..<4)
    #expect(state.tensors.map(\.value.bytes) == bytes)
  }

  @Test func aStateThatDoesNotFitIsRefusedAndChangesNothing() throws {
    let parameters = live(start())
    let optimizer = Adam(parameters, lr: 0.25)
    train(optimizer, parameters, steps: 0..<2)
    let before = optimizer.stateDict()

    func refuses(_ text: String, _ change: (inout OptimizerState) -> Void) {
      var state = before
      change(&state)
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state) }
      #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
      #expect(optimizer.lr == 0.25)
      #expect(optimizer.stateDict().tensors.map(\.value.bytes) == before.tensors.map(\.value.bytes))
    }
    refuses("belongs to none of the 2 parameters") {
      $0.tensors.append(("state.2.step", Tensor(1.0)))
    }
    refuses("has shape [2], but its parameter has [5, 3]") {
      $0.tensors[1].value = Tensor([1.0, 2.0])
    }
    // One number in the place of a buffer, several in the place of a count.
    #expect(before.tensors.prefix(2).map(\.name) == ["state.0.step", "state.0.exp_avg"])
    refuses("state.0.exp_avg has shape []") { $0.tensors[1].value = Tensor(1.0) }
    refuses("state.0.step has shape [2]") { $0.tensors[0].value = Tensor([1.0, 2.0]) }
    refuses("doesn't match the size of optimizer's group: 1 parameters") {
      $0.metadata["param_groups.0.params"] = "[0]"
      $0.metadata["param_groups.0.lr"] = "0.5"
    }
    refuses("different number of parameter groups: 2") {
      $0.metadata["param_groups.1.params"] = "[2]"
    }
    refuses("must be of one kind") { $0.metadata["param_groups.0.lr"] = "true" }
    refuses("must be of one kind") { $0.metadata["param_groups.0.lr"] = "much" }
  }

  @Test(arguments: Kind.all + Kind.composed)
  func everyTensorOfAStateHasItsShape(_ kind: Kind) {
    let parameters = live(start())
    let optimizer = kind.make(parameters)
    train(optimizer, parameters, steps: 0..<2)
    let before = optimizer.stateDict()
    for i in before.tensors.indices {
      var state = before
      state.tensors[i].value = Tensor.zeros([7, 1, 3])
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state) }
      #expect(error?.message.contains("\(before.tensors[i].name) has shape [7, 1, 3]") == true)
    }
    #expect(optimizer.stateDict().tensors.map(\.value.bytes) == before.tensors.map(\.value.bytes))
  }

  @Test func lbfgsKeepsVectorsOfAllParametersAndNumbers() throws {
    let x = live([Tensor([[3.0, 3.0], [3.0, 3.0]])])[0]
    let optimizer = LBFGS([x], maxIter: 2)
    optimizer.step {
      optimizer.zeroGrad()
      let loss = x.square().square().sum()
      loss.backward()
      return loss
    }
    let before = optimizer.stateDict()
    for i in before.tensors.indices {
      var state = before
      state.tensors[i].value = Tensor([1.0, 2.0])
      #expect(throws: OptimizerStateError.self) { try optimizer.load(state) }
      // A count that no integer holds is none.
      if before.tensors[i].value.rank == 0 {
        state.tensors[i].value = Tensor(Double.nan)
        try optimizer.load(state)
      }
    }
  }

  /// As in PyTorch, what is kept takes the type of its parameter.
  @Test func statesOfAnotherTypeAreConverted() throws {
    func step(_ dtype: DType) throws -> [Double] {
      let parameter = live([Tensor([1.0, 2.0], dtype: .float32)])[0]
      let optimizer = Adam([parameter], lr: 0.1)
      var state = optimizer.stateDict()
      state.tensors = [
        ("state.0.step", Tensor(3, dtype: .int64)),
        ("state.0.exp_avg", Tensor([0.5, -0.25], dtype: dtype)),
        ("state.0.exp_avg_sq", Tensor([0.5, 0.25], dtype: dtype)),
      ]
      try optimizer.load(state)
      parameter.grad = Tensor([1.0, -1.0], dtype: .float32)
      optimizer.step()
      return parameter.array(as: Double.self)
    }
    #expect(try step(.float64) == step(.float32))
    #expect(try step(.float16) == step(.float32))
  }

  @Test func convertingAModuleUnderItsOptimizerIsAMisuse() throws {
    let parameter = live([Tensor([1.0, 2.0], dtype: .float32)])[0]
    let optimizer = Adam([parameter])
    parameter.grad = Tensor([1.0, -1.0], dtype: .float32)
    optimizer.step()
    let error = #expect(throws: Misuse.self) {
      try recovering {
        noGrad { optimizer.state(of: parameter)["exp_avg"] = Tensor([1.0], dtype: .float64) }
        optimizer.step()
      }
    }
    #expect(
      error?.message.contains(
        "a parameter is float32[2], but its gradient or what is kept for it is float64[1]") == true,
      "\(error?.message ?? "")")
  }

  /// PyTorch's momentum keeps no count of steps.
  @Test func aMomentumBufferWithoutACountIsGoneOnWith() throws {
    let parameter = live([Tensor([1.0, 2.0], dtype: .float64)])[0]
    let optimizer = SGD([parameter], lr: 0.1, momentum: 0.5)
    var state = optimizer.stateDict()
    state.tensors = [("state.0.momentum_buffer", Tensor([4.0, 8.0], dtype: .float64))]
    try optimizer.load(state)
    parameter.grad = Tensor([1.0, 1.0], dtype: .float64)
    optimizer.step()
    #expect(parameter.array(as: Double.self) == [1 - 0.1 * 3.0, 2 - 0.1 * 5.0])
  }

  @Test func textsOfOptionsGiveTheSameValues() {
    let values: [HyperparameterValue] = [
      .number(0.1), .number(1e-300), .number(.infinity), .number(-0.0), .flag(true), .flag(false),
      .text("strong_wolfe"), .numbers([]), .numbers([1 / 3, 2e10]), .none,
    ]
    for value in values { #expect(HyperparameterValue(json: value.description) == value) }
    #expect(HyperparameterValue(json: "[1, x]") == nil)
    #expect(HyperparameterValue(json: "yes") == nil)
  }
}
