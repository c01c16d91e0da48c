import Kobai
import KobaiTestSupport
import Testing

/// More dimensions than the kernels' loops have room for.
@Suite struct ManyDimensionsTests {
  static let deep = Tensor([3.0, 1.0, 2.0]).reshape([3] + Array(repeating: 1, count: 69))

  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let body: @Sendable (Tensor) -> Tensor
    init(_ name: String, _ body: @escaping @Sendable (Tensor) -> Tensor) {
      (testDescription, self.body) = (name, body)
    }
  }

  static let refused = [
    Call("sum") { $0.sum(dim: 0) },
    Call("sort") { $0.sort(dim: 0).values },
    Call("softmax") { $0.softmax(dim: 0) },
    Call("logSoftmax") { $0.logSoftmax(dim: 0) },
    Call("topk") { $0.topk(1, dim: 0).values },
    Call("cumsum") { $0.cumsum(dim: 0) },
    Call("argmax") { $0.argmax(dim: 0) },
    Call("gather") { $0.gather(dim: 0, index: Tensor.zeros(like: $0).to(.int64)) },
    Call("scatter") { $0.scatter(dim: 0, index: Tensor.zeros(like: $0).to(.int64), src: $0) },
    Call("indexSelect") { $0.indexSelect(dim: 0, index: Tensor([0])) },
    Call("nonzero") { $0.nonzero() },
    Call("maskedSelect") { $0.maskedSelect($0.gt(1)) },
    Call("tril") { $0.tril() },
  ]

  @Test(arguments: refused) func isRefused(_ call: Call) {
    let message = misuseMessage { call.body(Self.deep) }
    #expect(message?.contains("64") == true, "\(message ?? "no misuse")")
  }

  @Test func viewsAndElementsTakeAnyNumber() {
    let x = Self.deep
    #expect((x * 2 + x).array(as: Double.self) == [9, 3, 6])
    #expect(x.exp().rank == 70)
    #expect(x.transpose(0, 69).contiguous().shape.last == 3)
    var y = x
    y.fill_(7)
    #expect(y.array(as: Double.self) == [7, 7, 7])
    #expect(Tensor.full(x.shape, 5).array(as: Double.self) == [5, 5, 5])
  }
}
