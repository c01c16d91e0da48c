import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// The texts that PyTorch prints, for the same elements.
@Suite struct PrintingTests {
  struct Vectors: Decodable, Sendable {
    struct Case: Decodable, Sendable {
      let dtype: String
      let shape: [Int]
      let text: String
      /// The elements' bytes, or none and element i is first + i · step.
      let data: String?
      let first, step: Double?
      /// `leaf`: requires grad; `mul`: the result of a product that does.
      let made: String?
    }
    let cases: [Case]
  }

  static let vectors: Vectors? = {
    guard
      let url = Bundle.module.url(
        forResource: "printing", withExtension: "json", subdirectory: "Resources"),
      let data = try? Data(contentsOf: url)
    else { return nil }
    return try? JSONDecoder().decode(Vectors.self, from: data)
  }()

  @Test func textsArePyTorchs() throws {
    let cases = try #require(Self.vectors).cases
    #expect(cases.count > 150)
    for row in cases {
      let dtype = try #require(DType(name: row.dtype))
      var tensor: Tensor
      if let data = row.data {
        let bytes = [UInt8](try #require(Data(base64Encoded: data)))
        tensor = Tensor(bytes: bytes, dtype: dtype, shape: row.shape)
      } else {
        let (first, step) = (try #require(row.first), try #require(row.step))
        let count = row.shape.reduce(1, *)
        tensor = (Tensor.arange(count, dtype: .float64) * step + first).to(dtype).reshape(row.shape)
      }
      if row.made != nil { tensor.requiresGrad = true }
      if row.made == "mul" { tensor = tensor * 1 }
      #expect("\(tensor)" == row.text, "\(row.dtype)\(row.shape)")
    }
  }

  @Test func viewsPrintTheirOwnElements() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect("\(x.t())" == "\(Tensor([[1, 4], [2, 5], [3, 6]]))")
    #expect("\(x.select(dim: 1, index: 1))" == "tensor([2, 5])")
  }

  @Test func literalsAndNumbers() {
    #expect("\(2.5 as Tensor)" == "tensor(2.5000)")
    #expect("\(Tensor(3))" == "tensor(3)")
    #expect("\(Tensor(true))" == "tensor(True)")
    #expect("\(Tensor(8.0, requiresGrad: true))" == "tensor(8., requires_grad=True)")
  }

  @Test func poisonPrints() {
    let text = try? recovering { "\(Tensor.poison)" }
    #expect(text?.contains("poisoned") == true)
  }

  @Test func theDefaultDTypeIsNotNamed() async {
    await #expect(processExitsWith: .success) {
      DType.default = .float64
      #expect("\(Tensor([1.5]))" == "tensor([1.5000])")
      #expect("\(Tensor([1.5], dtype: .float32))" == "tensor([1.5000], dtype=float32)")
      #expect("\(Tensor([1.5], dtype: .complex64))" == "tensor([1.5000+0.j], dtype=complex64)")
      #expect("\(Tensor([1.5], dtype: .complex128))" == "tensor([1.5000+0.j])")
    }
  }
}
