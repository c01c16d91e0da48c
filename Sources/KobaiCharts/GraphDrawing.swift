import KobaiOperators
import KobaiTensor

/// A picture of the graph that `backward` walks: leaves above, the output below.
///
///     let w = Tensor([1.0, 2.0], requiresGrad: true)
///     let loss = (w * w).sum()
///     let drawing = GraphDrawing(of: loss, names: ["w": w])
///     drawing.dot    // digraph { … } for Graphviz
///     drawing.svg    // <svg …>, laid out here
///
/// Leaves are blue and show their name and shape, operations grey, the outputs green.
public struct GraphDrawing: Sendable {
  /// One box.
  public struct Vertex: Sendable, Hashable {
    /// What a box stands for: a tensor given, an operation, a tensor that is drawn for.
    public enum Kind: Sendable, Hashable { case leaf, operation, output }
    /// Which of them; it decides the colour.
    public let kind: Kind
    /// The text in the box, one element per line.
    public let lines: [String]
  }

  /// The boxes; an operation that several others read stands once.
  public let vertices: [Vertex]
  /// Pairs of numbers in `vertices`, in the direction in which the outputs are computed.
  public let edges: [Edge]

  /// An arrow between two boxes.
  public struct Edge: Sendable, Hashable {
    /// Numbers in `vertices`.
    public let from, to: Int
  }

  /// - Parameters:
  ///   - outputs: tensors that require grad; others have no graph and are drawn alone.
  ///   - names: what to call leaves. A leaf without a name shows its shape only.
  public init(of outputs: Tensor..., names: [String: Tensor] = [:]) {
    self.init(of: outputs, names: names)
  }

  /// - Parameters:
  ///   - outputs: tensors that require grad; others have no graph and are drawn alone.
  ///   - names: what to call leaves. A leaf without a name shows its shape only.
  public init(of outputs: [Tensor], names: [String: Tensor] = [:]) {
    var builder = Builder(names: names)
    for output in outputs { builder.add(output: output) }
    self.init(vertices: builder.vertices, edges: builder.edges)
  }

  init(vertices: [Vertex], edges: [Edge]) {
    (self.vertices, self.edges) = (vertices, edges)
  }

  private struct Builder {
    let names: [ObjectIdentifier: String]
    var vertices: [Vertex] = []
    var edges: [Edge] = []
    private var numbers: [GradientFunction: Int] = [:]

    init(names: [String: Tensor]) {
      var byState: [ObjectIdentifier: String] = [:]
      for (name, tensor) in names.sorted(by: { $0.key < $1.key }) {
        if let state = tensor.state { byState[ObjectIdentifier(state)] = name }
      }
      self.names = byState
    }

    mutating func add(output: Tensor) {
      let number = add(Vertex(kind: .output, lines: ["\(output.shape)"]))
      guard let function = output.gradFn else { return }
      var pending: [GradientFunction] = []
      edges.append(Edge(from: self.number(of: function, &pending), to: number))
      // By a list, not by recursion: graphs are as deep as the program runs long.
      while let next = pending.popLast() {
        let to = self.number(of: next, &pending)
        for parent in next.nextFunctions {
          edges.append(Edge(from: self.number(of: parent, &pending), to: to))
        }
      }
    }

    private mutating func add(_ vertex: Vertex) -> Int {
      vertices.append(vertex)
      return vertices.count - 1
    }

    private mutating func number(
      of function: GradientFunction, _ pending: inout [GradientFunction]
    ) -> Int {
      if let known = numbers[function] { return known }
      let number = add(vertex(of: function))
      numbers[function] = number
      pending.append(function)
      return number
    }

    private func vertex(of function: GradientFunction) -> Vertex {
      guard let leaf = function.variable else {
        return Vertex(kind: .operation, lines: [function.name])
      }
      let name = leaf.state.flatMap { names[ObjectIdentifier($0)] }
      return Vertex(kind: .leaf, lines: (name.map { [$0] } ?? []) + ["\(leaf.shape)"])
    }
  }
}
