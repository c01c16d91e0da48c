import Foundation
import Kobai
import KobaiTestSupport
import Testing

@Suite struct TreeTests {
  struct Layer: Tree, Equatable {
    var weight: Tensor
    var bias: Tensor?
    var width = 3
    var name = "layer"
    static func == (a: Layer, b: Layer) -> Bool { a.width == b.width && a.name == b.name }
  }
  struct Model: Tree {
    var layers: [Layer]
    var byName: [String: Tensor]
    var activation = Activation.tanh
    enum Activation: String, Codable { case tanh, relu }
  }
  enum Schedule: Tree {
    case constant(Tensor)
    case cosine(from: Tensor, steps: Int)
  }

  var model: Model {
    Model(
      layers: [
        Layer(weight: Tensor(1.0), bias: Tensor(2.0)), Layer(weight: Tensor(3.0), bias: nil),
      ], byName: ["b": Tensor(5.0), "a": Tensor(4.0)], activation: .relu)
  }

  private func numbers(_ tree: some Tree) -> [Double] { tree.tensors.map { $0.item() } }

  @Test func structsAreTakenApartInOrder() {
    #expect(numbers(model) == [1, 2, 3, 4, 5])
    #expect(numbers([[Tensor(1.0)], [], [Tensor(2.0), Tensor(3.0)]]) == [1, 2, 3])
    #expect(numbers([Tensor(1.0), nil, Tensor(2.0)]) == [1, 2])
  }

  @Test func structsArePutTogether() {
    let doubled = model.mapTensors { $0 * 2 }
    #expect(numbers(doubled) == [2, 4, 6, 8, 10])
    #expect(doubled.activation == .relu)
    #expect(doubled.layers[1].bias == nil)
    #expect(doubled.layers[0].name == "layer")
    #expect(doubled.byName["b"]?.item() == 10)
  }

  @Test func enumsWithPayload() {
    let schedule = Schedule.cosine(from: Tensor(2.0), steps: 7).mapTensors { $0 + 1 }
    guard case .cosine(let from, let steps) = schedule else {
      Issue.record("another case")
      return
    }
    #expect(from.item() == 3 && steps == 7)
  }

  @Test func structuresDiffer() {
    func structure(_ tree: some Tree) -> [AnyHashable] {
      var flat = FlatTree()
      tree.flatten(into: &flat)
      return flat.structure
    }
    let x = Tensor(1.0)
    #expect(structure([[x], [x, x]]) != structure([[x, x], [x]]))
    #expect(structure([x, nil]) != structure([nil, x]))
    #expect(structure(["a": x]) != structure(["b": x]))
    #expect(structure(Double.nan) == structure(Double.nan))
    var other = model
    #expect(structure(other) == structure(model))
    other.layers[0].width = 4
    #expect(structure(other) != structure(model))
  }

  @Test func wrongNumbersOfTensorsAreRefused() {
    #expect(misuseMessage { [Tensor(1.0)].replacingTensors([]) }?.contains("Tree:") == true)
    #expect(
      misuseMessage { Tensor(1.0).replacingTensors([1, 2]) }?.contains("2 tensors were given")
        == true)
  }

  @Test func tensorsAreCodable() throws {
    let all = [
      Tensor([[1.5, -2], [0.1, 3]]), Tensor([1, 2, 3]), Tensor([true, false]),
      Tensor(2.5, dtype: .float16), Tensor([1.0], dtype: .complex128), Tensor.zeros([0, 2]),
    ]
    let decoded = try JSONDecoder().decode([Tensor].self, from: JSONEncoder().encode(all))
    for (a, b) in zip(all, decoded) {
      #expect(a.type == b.type)
      #expect(a.bytes == b.bytes)
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(
        Tensor.self, from: Data(#"{"dtype": "float32", "shape": [3], "elements": [1]}"#.utf8))
    }
  }
}
