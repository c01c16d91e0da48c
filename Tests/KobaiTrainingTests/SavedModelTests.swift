import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// A model that PyTorch made and Python's safetensors wrote: Tools/parity/saved_model.py. The other
/// direction, a model that Kobai wrote in PyTorch, is that script's `check`.
@Suite(.ownGenerator) struct SavedModelTests {
  private final class Net: Module {
    let features = Sequential(
      Conv2d(2, 4, kernelSize: 3, padding: 1), BatchNorm2d(4), ReLU(), MaxPool2d(2))
    let norm = LayerNorm([36])
    let head = Linear(36, 3)
    func forward(_ x: Tensor) -> Tensor { head(norm(features(x).flatten(startDim: 1))) }
  }

  private struct Expected: Decodable {
    let x, y: [Float]
  }

  private func resource(_ name: String) -> URL {
    Bundle.module.bundleURL.appendingPathComponent("Resources/\(name)")
  }

  private func loadedNet() throws -> Net {
    let net = Net()
    try net.load(StateDict(contentsOf: resource("model.safetensors").path))
    net.eval()
    return net
  }

  @Test func aModelOfPyTorchGivesItsOutputs() throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: resource("expected.json")))
    let net = try loadedNet()
    let y = noGrad { net(Tensor(expected.x, shape: [5, 2, 6, 6])) }.array(as: Float.self)
    #expect(y.count == expected.y.count)
    for (y, expected) in zip(y, expected.y) { #expect(abs(y - expected) <= 1e-5) }
  }

  @Test func theFileIsThatOfPythonsSafetensors() throws {
    let bytes = try SafeTensors.encode(loadedNet().stateDict())
    #expect(bytes == Array(try Data(contentsOf: resource("model.safetensors"))))
  }
}
