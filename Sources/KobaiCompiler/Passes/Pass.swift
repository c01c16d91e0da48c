import KobaiTensor

/// A rewriting of graphs that keeps what they compute, bit for bit.
public struct Pass: Sendable {
  public let name: String
  let run: @Sendable (Graph) -> Graph

  /// The passes in the order in which they run.
  public static let pipeline: [Pass] = [
    .simplify, .orient, .deduplicate, .eliminateDead, .rectify, .fuse, .rematerialize, .separate,
    .schedule, .epilogues,
  ]
}

extension Graph {
  /// The graph after each pass, the traced one first. Each is verified.
  func optimized() -> [(pass: String, graph: Graph)] {
    var stages = [(pass: "trace", graph: self)]
    var graph = self
    for pass in Pass.pipeline {
      graph = pass.run(graph)
      stages.append((pass.name, graph))
    }
    for (pass, graph) in stages {
      do throws(GraphError) {
        try graph.verify()
      } catch {
        misuse("jit: the graph is not valid after the pass \(pass): \(error)\n\(graph)", else: ())
      }
    }
    return stages
  }
}
