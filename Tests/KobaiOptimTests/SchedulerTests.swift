import Kobai
import KobaiTestSupport
import Testing

@Suite("learning-rate schedules")
struct SchedulerTests {
  private func optimizer() -> SGD {
    SGD(
      [
        ParameterGroup(live([Tensor([1.0])])), ParameterGroup(live([Tensor([1.0])]), lr: 0.4),
      ], lr: 0.1, momentum: 0.9)
  }

  private func close(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-12 * (1 + abs($1)) }
  }

  struct Schedule: Sendable, CustomTestStringConvertible {
    let name: String
    let make: @Sendable (Optimizer) -> LRScheduler
    var testDescription: String { name }

    static let all: [Schedule] = [
      Schedule(name: "StepLR") { StepLR($0, stepSize: 3) },
      Schedule(name: "MultiStepLR") { MultiStepLR($0, milestones: [2, 5, 5], gamma: 0.5) },
      Schedule(name: "ExponentialLR") { ExponentialLR($0, gamma: 0.9) },
      Schedule(name: "ConstantLR") { ConstantLR($0, factor: 0.25, totalIters: 4) },
      Schedule(name: "LinearLR") { LinearLR($0, startFactor: 0.1, endFactor: 0.8, totalIters: 6) },
      Schedule(name: "PolynomialLR") { PolynomialLR($0, totalIters: 8, power: 2) },
      Schedule(name: "CosineAnnealingLR") { CosineAnnealingLR($0, tMax: 7, etaMin: 0.01) },
    ]
    static let others: [Schedule] = [
      Schedule(name: "CosineAnnealingWarmRestarts") {
        CosineAnnealingWarmRestarts($0, t0: 2, tMult: 2)
      },
      Schedule(name: "LambdaLR") { LambdaLR($0) { 1 / Double(1 + $0) } },
      Schedule(name: "MultiplicativeLR") { MultiplicativeLR($0) { 1 - 0.01 * Double($0) } },
      Schedule(name: "CyclicLR") { CyclicLR($0, baseLR: 0.01, maxLR: 0.1, stepSizeUp: 3) },
      Schedule(name: "OneCycleLR") { OneCycleLR($0, maxLR: 0.5, totalSteps: 12) },
      Schedule(name: "SequentialLR") {
        SequentialLR(
          $0, [LinearLR($0, startFactor: 0.5, totalIters: 3), CosineAnnealingLR($0, tMax: 6)],
          milestones: [3])
      },
      Schedule(name: "ChainedScheduler") {
        ChainedScheduler([
          ConstantLR($0, factor: 0.5, totalIters: 3), ExponentialLR($0, gamma: 0.9),
        ])
      },
    ]
  }

  /// Rates that follow one from the other are those of the formula.
  @Test(arguments: Schedule.all)
  func stepsFollowTheFormula(_ schedule: Schedule) {
    let (stepped, direct) = (optimizer(), optimizer())
    let (a, b) = (schedule.make(stepped), schedule.make(direct))
    for epoch in 1...7 {
      a.step()
      b.step(to: epoch)
      #expect(close(a.lastLR, b.lastLR), "epoch \(epoch): \(a.lastLR), \(b.lastLR)")
      #expect(a.lastLR == stepped.parameterGroups.map(\.lr))
    }
  }

  @Test(arguments: Schedule.all + Schedule.others)
  func savedSchedulesGoOn(_ schedule: Schedule) throws {
    let first = optimizer()
    let scheduler = schedule.make(first)
    for _ in 0..<4 { scheduler.step() }
    let (state, options) = (scheduler.stateDict(), first.stateDict())

    let second = optimizer()
    let resumed = schedule.make(second)
    try second.load(options)
    try resumed.load(state)
    for _ in 0..<5 {
      scheduler.step()
      resumed.step()
      #expect(resumed.lastLR == scheduler.lastLR)
      #expect(
        second.parameterGroups.map { $0[.momentum] } == first.parameterGroups.map { $0[.momentum] })
    }
  }

  /// Numbers that PyTorch 2.13 gives.
  @Test func combinedSchedules() {
    let sequential = optimizer()
    let scheduler = Schedule.others[5].make(sequential)
    var rates: [Double] = []
    for _ in 0..<8 {
      rates.append(sequential.lr)
      scheduler.step()
    }
    #expect(close(rates, SchedulerTests.sequentialRates), "\(rates)")

    let chained = optimizer()
    let chain = Schedule.others[6].make(chained)
    rates = []
    for _ in 0..<6 {
      rates.append(chained.lr)
      chain.step()
    }
    #expect(close(rates, SchedulerTests.chainedRates), "\(rates)")
  }

  @Test func momentumGoesTheOtherWay() {
    let optimizer = Adam(live([Tensor([1.0])]))
    let scheduler = OneCycleLR(optimizer, maxLR: 0.5, totalSteps: 10)
    var rates: [Double] = []
    var momenta: [Double] = []
    for _ in 0..<9 {
      rates.append(optimizer.lr)
      momenta.append(optimizer.parameterGroups[0][number: .beta1])
      scheduler.step()
    }
    #expect(close(rates, SchedulerTests.oneCycleRates), "\(rates)")
    #expect(close(momenta, SchedulerTests.oneCycleMomenta), "\(momenta)")
  }

  @Test func aPlateauReducesTheRate() throws {
    let optimizer = optimizer()
    let scheduler = ReduceLROnPlateau(optimizer, factor: 0.5, patience: 1, minLR: [0.06, 0])
    for metric in [1.0, 1.0, 1.0] { scheduler.step(metric) }
    #expect(optimizer.parameterGroups.map(\.lr) == [0.06, 0.2])
    scheduler.step(Tensor(0.5))
    #expect(scheduler.best == 0.5)
    let other = ReduceLROnPlateau(self.optimizer(), factor: 0.5, patience: 1)
    try other.load(scheduler.stateDict())
    #expect(other.best == 0.5)
    #expect(throws: OptimizerStateError.self) { try other.load(["best": .flag(true)]) }
  }

  @Test func misuse() {
    let optimizer = optimizer()
    #expect(
      misuseMessage { _ = LinearLR(optimizer, startFactor: 0) }?.contains(
        "Starting multiplicative factor expected to be greater than 0") == true)
    #expect(
      misuseMessage { _ = CyclicLR(Adagrad(live([Tensor([1.0])])), baseLR: 0, maxLR: 1) }?
        .contains("optimizer must support momentum or beta1") == true)
    #expect(
      misuseMessage { _ = OneCycleLR(optimizer, maxLR: [1, 2, 3], totalSteps: 5) }?
        .contains("max_lr must have the same length as optimizer.parameterGroups") == true)
    #expect(
      misuseMessage {
        let scheduler = OneCycleLR(optimizer, maxLR: 1, totalSteps: 2)
        for _ in 0..<3 { scheduler.step() }
      }?.contains("Tried to step 3 times") == true)
    #expect(
      misuseMessage { ReduceLROnPlateau(optimizer).step() }?.contains("needs the metric") == true)
  }
}

extension SchedulerTests {
  static let sequentialRates = [
    0.05, 0.06666666666666667, 0.08333333333333333, 0.1, 0.09330127018922195, 0.07500000000000001,
    0.05, 0.025000000000000012,
  ]
  static let chainedRates = [
    0.05, 0.045000000000000005, 0.04050000000000001, 0.07290000000000002, 0.06561000000000002,
    0.05904900000000002,
  ]
  static let oneCycleRates = [
    0.020000000000000018, 0.26, 0.5, 0.47524231600673683, 0.40587282697488153,
    0.30563101096814466, 0.19437098903185537, 0.09412917302511849, 0.024759683993263143,
  ]
  static let oneCycleMomenta = [
    0.95, 0.8999999999999999, 0.85, 0.854951556604879, 0.8688255099070633, 0.8888739533021842,
    0.9111260466978157, 0.9311744900929366, 0.945048443395121,
  ]
}
