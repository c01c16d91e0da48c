import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// Layers as PyTorch makes them for the seed 0, recorded by Resources/make_layers.py.
private struct Recorded: Decodable {
  struct Entry: Decodable {
    let key: String
    let shape: [Int]
    let values: [Double]
  }
  let description: String
  let state: [Entry]
  /// The generator's next uniform number.
  let next: Double

  static let all: [String: Recorded] = {
    guard let url = Bundle.module.url(forResource: "Resources/layers", withExtension: "json"),
      let data = try? Data(contentsOf: url)
    else { return [:] }
    return (try? JSONDecoder().decode([String: Recorded].self, from: data)) ?? [:]
  }()
}

/// The same layers here.
private let layers: [(name: String, make: @Sendable () -> ModuleBase)] = [
  ("linear", { Linear(20, 30) }),
  ("linear without bias", { Linear(3, 4, bias: false) }),
  ("bilinear", { Bilinear(2, 3, 4) }),
  ("conv1d", { Conv1d(2, 4, kernelSize: 3, stride: 2, padding: 1) }),
  ("conv2d", { Conv2d(1, 32, kernelSize: 3, padding: .same) }),
  (
    "conv2d grouped",
    {
      Conv2d(
        4, 6, kernelSize: [3, 2], padding: 1, dilation: 2, groups: 2, bias: false,
        paddingMode: .reflect)
    }
  ),
  ("conv3d", { Conv3d(2, 2, kernelSize: 2) }),
  ("convTranspose2d", { ConvTranspose2d(3, 4, kernelSize: 3, stride: 2, outputPadding: 1) }),
  ("embedding", { Embedding(10, 3, paddingIdx: 1) }),
  ("batchNorm2d", { BatchNorm2d(3) }),
  ("groupNorm", { GroupNorm(2, 4) }),
  ("layerNorm", { LayerNorm([3, 4], eps: 1e-6) }),
  ("rmsNorm", { RMSNorm(5) }),
  ("instanceNorm1d", { InstanceNorm1d(3, affine: true, trackRunningStats: true) }),
  ("prelu", { PReLU(numParameters: 3) }),
  ("leakyReLU", { LeakyReLU(negativeSlope: 0.2) }),
  ("gelu", { GELU(approximate: .tanh) }),
  ("maxPool2d", { MaxPool2d(2) }),
  ("maxPool1d", { MaxPool1d(3, stride: 2, padding: 1, ceilMode: true) }),
  ("avgPool2d", { AvgPool2d([3, 2], stride: [2, 1]) }),
  ("adaptiveAvgPool2d", { AdaptiveAvgPool2d([5, nil]) }),
  ("dropout", { Dropout(0.25) }),
  ("flatten", { Flatten() }),
  ("softmax", { Softmax(dim: 1) }),
  ("upsample", { Upsample(scaleFactor: 2.0, mode: .bilinear) }),
  ("sequential", { Sequential(Linear(2, 3), ReLU(), Linear(3, 1)) }),
  ("zeroPad2d", { ZeroPad2d(2) }),
  ("reflectionPad1d", { ReflectionPad1d([1, 2]) }),
  ("hardtanh", { Hardtanh(minVal: -2, maxVal: 2) }),
  ("softplus", { Softplus() }),
]

@Suite(.ownGenerator) struct LayerTests {
  @Test(arguments: layers.map(\.name)) func beginsAndPrintsAsInPyTorch(name: String) throws {
    let recorded = try #require(Recorded.all[name])
    let make = try #require(layers.first { $0.name == name }).make
    manualSeed(0)
    let layer = make()
    let next = Tensor.rand([1]).item()
    #expect("\(layer)" == recorded.description)
    let state = layer.stateDict()
    #expect(state.keys == recorded.state.map(\.key))
    for entry in recorded.state {
      let tensor = try #require(state[entry.key])
      #expect(tensor.shape == entry.shape)
      #expect(tensor.array(as: Double.self) == entry.values)
    }
    #expect(next == recorded.next)
  }

  @Test func everyRecordedLayerIsCompared() {
    #expect(Set(Recorded.all.keys) == Set(layers.map(\.name)))
  }

  @Test func dropoutAndBatchNormFollowTheMode() {
    let x = Tensor.ones([100, 4])
    let dropout = Dropout(p: 0.5)
    #expect(dropout(x).eq(0).sum().item() > 0)
    dropout.eval()
    #expect(dropout(x).array(as: Float.self) == x.array(as: Float.self))

    let norm = BatchNorm1d(4)
    _ = norm(Tensor.randn([10, 4]) + 3)
    #expect(norm.numBatchesTracked?.item() == 1)
    norm.eval()
    _ = norm(Tensor.randn([10, 4]))
    #expect(norm.numBatchesTracked?.item() == 1)
  }

  @Test func pixelsShuffleThereAndBack() {
    let x = Tensor.arange(2 * 8 * 3 * 2).reshape([2, 8, 3, 2])
    let y = PixelShuffle(2)(x)
    #expect(y.shape == [2, 2, 6, 4])
    // Channels 0 … 3 of the first place become its four finer places.
    #expect(y[0, 0, ..<2, ..<2].array(as: Int.self) == [0, 6, 12, 18])
    #expect(PixelUnshuffle(2)(y).array(as: Int.self) == x.array(as: Int.self))
  }

  @Test func whatMakesNoLayerIsRefused() {
    #expect(misuseMessage { Hardtanh(minVal: 1, maxVal: 1) }?.contains("must be less than") == true)
    #expect(misuseMessage { Bilinear(0, 2, 3) }?.contains("in1_features must be > 0") == true)
    let bag = EmbeddingBag(4, 2, scaleGradByFreq: true, mode: .max)
    let message = misuseMessage { bag(Tensor([[0, 1]])) }
    #expect(message?.contains("max mode does not support scaling") == true, "\(message ?? "")")
  }
}
