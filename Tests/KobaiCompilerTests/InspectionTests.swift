import Foundation
import Kobai
import KobaiTestSupport
import Testing

@Suite struct InspectionTests {
  private var f: Jitted<Tensor, Tensor> {
    jit { (x: Tensor) in (-(-(x * 2))).exp() + (x * 2).exp() }
  }

  @Test func passesAreShown() {
    let inspection = f.inspect(Tensor([1.0, 2.0]))
    #expect(
      inspection.stages.map(\.pass) == [
        "trace", "simplify", "orient", "deduplicate", "eliminate dead", "rectify", "fuse",
        "rematerialize", "separate", "schedule", "epilogues",
      ])
    #expect(
      inspection.stages[0].graph.steps.map(\.name) == [
        "mul", "neg", "neg", "exp", "mul", "exp", "add",
      ])
    #expect(inspection.stages[4].graph.steps.map(\.name) == ["mul", "exp", "add"])
    #expect(inspection.groups == [["mul", "exp", "add"]])
    #expect(inspection.graph.steps.count == 1)
    #expect(inspection.bytesMoved == 16 && inspection.flops == 6)
    #expect("\(inspection)".contains("group 0: mul, exp, add"))
  }

  @Test func theMemoryPlanIsShown() {
    let w = Tensor.ones([8, 8]).asState(requiresGrad: false)
    let step = jit { (x: Tensor) -> Tensor in
      let y = x.matmul(w).softmax(dim: 1)
      w.data = w * 0.5
      return y.matmul(x)
    }
    let x = Tensor.ones([8, 8])
    let before = step.inspect(x).memoryPlan
    for _ in 0..<3 { _ = step(x) }
    let inspection = step.inspect(x)
    #expect(inspection.memoryPlan == before)
    #expect(inspection.plannedBytes == 512)
    let lines = inspection.memoryPlan.split(separator: "\n")
    #expect(
      lines[0] == "memory plan: 512 bytes in one arena, 512 in memory of outputs, 1 single elements"
    )
    #expect(lines.count(where: { $0.hasPrefix("arena 0..<256, steps 0–1: %") }) == 1)
    #expect(lines.contains { $0.contains("256 bytes in the place of input 1: %") })
    #expect("\(inspection)".contains(inspection.memoryPlan))
  }

  @Test func bytesAndOperationsOfGroups() {
    let inspection = jit { (x: Tensor) in ((x * 2).exp() + x).sum() }.inspect(Tensor.ones([1024]))
    #expect(inspection.groups == [["mul", "exp", "add", "sum"]])
    #expect("\(inspection)".contains("group 0: mul, exp, add, sum; 4100 bytes moved, 4096 flops"))
  }

  @Test func graphsAsTextForOtherPrograms() throws {
    let graph = makeGraph({ [($0[0] * 2).sum()] }, [TensorType(.float32, [3])])
    #expect(graph.dot.contains("s0 [label=\"mul\\n28 bytes\""))
    let object = try JSONSerialization.jsonObject(with: Data(graph.json.utf8))
    let fields = try #require(object as? [String: Any])
    #expect(fields["version"] as? Int == 1)
    #expect(
      (fields["steps"] as? [[String: Any]])?.map { $0["operation"] as? String } == ["mul", "sum"])
    #expect((fields["inputs"] as? [Int]) == [0])
    let constant = try #require((fields["constants"] as? [[String: Any]])?.first)
    #expect(constant["elements"] as? [Double] == [2])
  }

  @Test func graphsAreVerified() throws {
    let graph = makeGraph({ [($0[0] * 2).sum()] }, [TensorType(.float32, [3])])
    try graph.verify()
  }
}
