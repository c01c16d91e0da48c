import Kobai
import KobaiTestSupport
import Testing

/// Arguments near the ends of `Int`, and results that no memory holds: a result or a misuse, never the
/// end of the program.
@Suite struct ExtremeArgumentTests {
  static let extremes = [Int.max, Int.max - 1, 1 << 62, 1 << 58, -1 << 62, Int.min + 1, Int.min]

  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let body: @Sendable (Int) -> Tensor
    init(_ name: String, _ body: @escaping @Sendable (Int) -> Tensor) {
      (testDescription, self.body) = (name, body)
    }
  }

  static let x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
  static let v = Tensor([1.0, 2.0, 3.0])
  static let image = x.reshape(1, 2, 3)

  /// No value of these is a size, length or count that three elements satisfy.
  static let refused = [
    Call("narrow by its length") { v.narrow(dim: 0, start: 1, length: $0) },
    Call("narrow by its start") { v.narrow(dim: 0, start: $0, length: 1) },
    Call("index") { x[$0] },
    Call("index tensor") { x[Tensor([$0])] },
    Call("diagEmbed") { v.diagEmbed(offset: $0) },
    Call("diagflat") { v.diagflat(offset: $0) },
    Call("diag") { v.diag($0) },
    Call("pad") { v.pad([$0, 1]) },
    Call("pad at both ends") { v.pad([$0, $0]) },
    Call("pad by reflection") { x.pad([$0, 1], mode: .reflect) },
    Call("repeat") { v.repeat($0) },
    Call("tile") { v.tile($0, 2) },
    Call("repeatInterleave") { v.repeatInterleave($0) },
    Call("repeatInterleave by a tensor") { v.repeatInterleave(Tensor([$0, 1, 1])) },
    Call("split by sizes") { v.split([3, $0])[0] },
    Call("split by sizes that wrap around") { v.split([$0, $0, 5])[0] },
    Call("zeros") { .zeros([$0]) },
    Call("ones") { .ones([2, $0]) },
    Call("eye") { .eye($0) },
    Call("linspace") { .linspace(0, 1, steps: $0) },
    Call("rand") { .rand([$0]) },
    Call("randperm") { .randperm($0) },
    Call("bits of a key") { Key(0).bits([$0]) },
    Call("oneHot") { Tensor([1, 2]).oneHot(numClasses: $0) },
    Call("oneHot of large classes") { Tensor([$0, 1]).oneHot() },
    Call("multinomial") { v.multinomial($0, replacement: true) },
    Call("ctcLoss by input lengths") {
      ctcLoss(Tensor.randn([3, 1, 2]), Tensor([[1]]), inputLengths: [$0], targetLengths: [1])
    },
    Call("ctcLoss by target lengths") {
      ctcLoss(
        Tensor.randn([3, 2, 2]), Tensor([1, 1]), inputLengths: [3, 3], targetLengths: [$0, $0])
    },
    Call("unfold by its padding") { image.reshape(1, 1, 2, 3).unfold(kernelSize: 1, padding: $0) },
    Call("lpPool1d") { image.lpPool1d(2, kernelSize: $0) },
    Call("interpolate") { image.interpolate(size: $0) },
  ]

  @Test(arguments: refused, extremes) func isRefused(_ call: Call, _ argument: Int) {
    let message = misuseMessage { call.body(argument) }
    #expect(message != nil)
    #expect(message?.contains("not a misuse") != true)
  }

  /// What is beyond the end is cut off, so these have results.
  @Test func whatLiesBeyondTheEndIsCutOff() {
    let (x, v) = (Self.x, Self.v)
    for step in [Int.max, Int.max - 1, 1 << 62] {
      #expect(x[.range(step: step)].array(as: Double.self) == [1, 2, 3])
      #expect(x[.range(from: 1, to: 2, step: step)].array(as: Double.self) == [4, 5, 6])
      #expect(
        v.sliceScatter(Tensor([9.0]), step: step).array(as: Double.self) == [9, 2, 3])
      var y = x
      y[.range(step: step)] = Tensor(0.0)
      #expect(y.array(as: Double.self) == [0, 0, 0, 4, 5, 6])
      #expect(v.split(step).map(\.shape) == [[3]])
      #expect(v.chunk(step).map(\.shape) == [[1], [1], [1]])
    }
    for far in Self.extremes {
      #expect(x.diagonal(offset: far).shape == [0])
      #expect(x.diag(far).shape == [0])
      #expect(x.tril(diagonal: far).count == 6)
      #expect(v.roll(far).sum().item() == 6)
    }
    #expect(x[...Int.max].shape == [2, 3])
    #expect(x[0...Int.max].shape == [2, 3])
    #expect(v.sliceScatter(v, start: .min, end: .max).array(as: Double.self) == [1, 2, 3])
  }

  @Test func roundingToImpossiblyManyDecimals() {
    let x = Tensor([1.25, -2.5], dtype: .float64)
    for decimals in Self.extremes { #expect(x.round(decimals: decimals).shape == [2]) }
    #expect(x.round(decimals: 309).shape == [2])
  }

  @Test func randomIntegersOfAKeyAtTheEndsOfTheRange() {
    #expect(misuseMessage { Key(0).randint([4], low: .min, high: .max) } != nil)
    #expect(misuseMessage { Key(0).randint([4], low: .max, high: .min) } != nil)
    let top = Key(0).randint([64], low: .max - 3, high: .max).array(as: Int.self)
    #expect(Set(top) == [.max - 3, .max - 2, .max - 1])
    let bottom = Key(0).randint([64], low: .min, high: .min + 2).array(as: Int.self)
    #expect(Set(bottom) == [.min, .min + 1])
  }

  @Test func scalesOfAnImage() {
    for scale in [-1e300, 1e300, .infinity, .nan] {
      #expect(misuseMessage { Self.image.interpolate(scaleFactor: scale) } != nil)
    }
  }

  @Test func samplesOfFractionalPooling() {
    for sample in [-0.5, 1.5, .nan, .infinity] {
      let message = misuseMessage {
        Tensor.randn([1, 1, 4, 4]).fractionalMaxPool2dWithIndices(
          kernelSize: 2, outputSize: 2, randomSamples: Tensor([[[sample, sample]]])
        ).values
      }
      #expect(message?.contains("must lie in [0, 1)") == true)
    }
  }
}
