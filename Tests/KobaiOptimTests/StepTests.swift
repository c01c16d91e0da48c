import Kobai
import KobaiTestSupport
import Testing

@Suite("steps of optimizers")
struct StepTests {
  private func start(_ dtype: DType, _ shapes: [Shape] = [[5, 3], [7], []]) -> [Tensor] {
    let generator = Generator(seed: 1)
    return shapes.map { Tensor.randn($0, dtype: dtype, generator: generator) }
  }

  /// A parameter of the same numbers elsewhere in memory: transposed, reversed in rank, one of several.
  @Test(arguments: Kind.all)
  func layoutAndCompanyDoNotMatter(_ kind: Kind) {
    let values = start(.float32)
    let together = live(values)
    train(kind.make(together), together, steps: 0..<4)

    let transposed = values.map { $0.rank == 2 ? $0.mT.clone().mT : $0 }
    let alone = live(transposed)
    for parameter in alone {
      let optimizer = kind.make([parameter])
      train(optimizer, [parameter], steps: 0..<4)
    }
    for (a, b) in zip(together, alone) { #expect(a.bytes == b.bytes) }
  }

  /// Complex parameters are pairs of reals.
  @Test(arguments: Kind.all)
  func complexParametersArePairs(_ kind: Kind) {
    let real = live(start(.float64, [[6, 2], [2]]))
    let optimizer = kind.make(real)
    let complex = live(
      real.map { Tensor.complex($0.select(dim: -1, index: 0), $0.select(dim: -1, index: 1)) })
    let other = kind.make(complex)
    for step in 0..<4 {
      for (x, z) in zip(real, complex) {
        let grad = gradient(like: x, step: step)
        x.grad = grad
        z.grad = Tensor.complex(grad.select(dim: -1, index: 0), grad.select(dim: -1, index: 1))
      }
      optimizer.step()
      other.step()
    }
    for (x, z) in zip(real, complex) { #expect(x.bytes == z.bytes) }
  }

  /// Half types are computed in float32 and rounded when they are stored: one step from the same half values
  /// is the rounded step in float32.
  @Test(arguments: Kind.all, [DType.float16, .bfloat16])
  func halfTypesRoundOnce(_ kind: Kind, _ dtype: DType) {
    let values = start(dtype, [[700], [3, 5]])
    let halves = live(values)
    let wide = live(values.map { $0.to(.float32) })
    let (optimizer, other) = (kind.make(halves), kind.make(wide))
    for (x, y) in zip(halves, wide) {
      x.grad = gradient(like: x, step: 0)
      y.grad = x.grad?.to(.float32)
    }
    optimizer.step()
    other.step()
    for (x, y) in zip(halves, wide) { #expect(difference(x.data, y.to(dtype)) == nil) }
    for (name, value) in optimizer.stateDict().tensors {
      let wanted = other.stateDict()[name]?.to(value.dtype) ?? Tensor(Double.nan)
      #expect(difference(value, wanted) == nil, "\(name)")
    }
  }

  @Test(arguments: Kind.all)
  func resultsDoNotDependOnThreads(_ kind: Kind) {
    let values = start(.float32, [[200, 301], [5], [17, 1000]])
    func run(threads: Int) -> [[UInt8]] {
      let before = Threads.count
      Threads.count = threads
      defer { Threads.count = before }
      let parameters = live(values)
      train(kind.make(parameters), parameters, steps: 0..<2)
      return parameters.map(\.bytes)
    }
    #expect(run(threads: 1) == run(threads: 3))
  }

  @Test(arguments: Kind.all + Kind.composed)
  func earlierValuesStay(_ kind: Kind) {
    let parameters = live(start(.float32, [[4, 3], [2, 2]]))
    let optimizer = kind.make(parameters)
    let (before, bytes) = (parameters.map(\.data), parameters.map(\.bytes))
    train(optimizer, parameters, steps: 0..<2)
    #expect(before.map(\.bytes) == bytes)
    #expect(zip(parameters.map(\.bytes), bytes).allSatisfy { $0 != $1 })
  }

  @Test func memoryIsWrittenOverWhereNothingElseRefersToIt() {
    let parameter = Tensor.ones([100]).asState(requiresGrad: true)
    func address() -> UInt {
      parameter.withSpan(as: Float.self) { span in
        span.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
      }
    }
    let optimizer = Adam([parameter])
    train(optimizer, [parameter], steps: 0..<1)
    let first = address()
    train(optimizer, [parameter], steps: 1..<3)
    #expect(address() == first)
    let copy = parameter.data
    train(optimizer, [parameter], steps: 3..<4)
    #expect(address() != first)
    _ = copy
  }

  @Test func parametersWithoutGradientStay() {
    let parameters = live(start(.float32))
    let optimizer = AdamW(parameters, weightDecay: 0.5)
    let bytes = parameters[1].bytes
    parameters[0].grad = gradient(like: parameters[0], step: 0)
    optimizer.step()
    #expect(parameters[1].bytes == bytes)
    #expect(optimizer.state(of: parameters[1]).names.isEmpty)
    #expect(optimizer.state(of: parameters[0])["step"]?.item() == 1)
  }

  @Test func emptyParametersAreAllowed() {
    let parameters = live([Tensor.zeros([0, 3]), Tensor.ones([2])])
    let optimizer = Adam(parameters)
    train(optimizer, parameters, steps: 0..<2)
    #expect(parameters[0].shape == [0, 3])
    #expect(optimizer.state(of: parameters[0])["step"]?.item() == 2)
  }

  @Test func zeroGrad() {
    let parameter = live([Tensor([1.0, 2.0])])[0]
    let optimizer = SGD([parameter])
    parameter.grad = Tensor([3.0, 4.0])
    optimizer.zeroGrad(setToNone: false)
    #expect(parameter.grad?.array(as: Float.self) == [0, 0])
    optimizer.zeroGrad()
    #expect(parameter.grad == nil)
  }

  @Test func theClosureIsRecorded() {
    let x = live([Tensor(3.0)])[0]
    let optimizer = SGD([x], lr: 0.25)
    let loss = noGrad {
      optimizer.step {
        optimizer.zeroGrad()
        let loss = x * x
        loss.backward()
        return loss
      }
    }
    #expect(loss.item() == 9)
    #expect(x.item() == 1.5)
  }

  /// Options can be changed between steps, also those that decide what is kept.
  @Test func optionsCanBeChanged() {
    let x = live([Tensor([1.0], dtype: .float64)])[0]
    let optimizer = SGD([x], lr: 1)
    func step() {
      x.grad = Tensor([1.0], dtype: .float64)
      optimizer.step()
    }
    step()
    #expect(x.item() == 0)
    optimizer.lr = 0.5
    step()
    #expect(x.item() == -0.5)
    optimizer.parameterGroups[0][.momentum] = 0.5
    step()
    step()
    #expect(x.item() == -0.5 - 0.5 - 0.75)
    optimizer.parameterGroups[0][.maximize] = true
    optimizer.parameterGroups[0][.momentum] = 0
    step()
    #expect(x.item() == -1.25)
  }

  @Test func groupsHaveTheirOwnOptions() {
    let x = live([Tensor(1.0), Tensor(1.0), Tensor(1.0)])
    let optimizer = SGD(
      [ParameterGroup([x[0]]), ParameterGroup([x[1]], lr: 0.5, [.weightDecay: 1])], lr: 0.25)
    optimizer.addParameterGroup(ParameterGroup([x[2]], [.maximize: true]))
    for x in x { x.grad = Tensor(1.0) }
    optimizer.step()
    #expect(x.map { $0.item() } == [0.75, 0, 1.25])
    #expect(optimizer.parameterGroups.map(\.lr) == [0.25, 0.5, 0.25])
  }

  @Test func aUsersOwnOptimizer() {
    final class SignSGD: Optimizer {
      init(_ params: [Tensor], lr: Double) {
        super.init("SignSGD", [ParameterGroup(params)], defaults: [.lr: .number(lr)])
      }
      override func update(_ group: ParameterGroup) {
        for p in group.params {
          guard let grad = p.grad else { continue }
          let state = state(of: p)
          let count = (state["step"] ?? Tensor(0.0)) + 1
          state["step"] = count
          p.data = p.data - group.lr * grad.sign()
        }
      }
    }
    let x = live([Tensor([1.0, 2.0])])[0]
    let optimizer = SignSGD([x], lr: 0.5)
    for _ in 0..<2 {
      x.grad = Tensor([3.0, -4.0])
      optimizer.step()
    }
    #expect(x.array(as: Float.self) == [0, 3])
    #expect(optimizer.stateDict()["state.0.step"]?.item() == 2)
  }
}
