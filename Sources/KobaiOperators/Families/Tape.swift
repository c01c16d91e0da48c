import KobaiTensor

/// A function that has been run once on leaves of a level of its own, ready to be walked backward any
/// number of times.
package struct Tape {
  /// What the function gave, as the surroundings see it.
  package let outputs: [Tensor]
  private let inputs: [Tensor]
  private let leaves: [Node?]
  private let roots: [Node?]

  /// - Parameters:
  ///   - name: what errors call the transform.
  ///   - inputs: what the function is differentiated with respect to. Those of a dtype without derivatives
  ///     get none.
  ///   - body: is called once; its outputs must be tensors.
  package init(_ name: String, _ inputs: [Tensor], _ body: ([Tensor]) -> [Tensor]) {
    var leaves: [Node?] = []
    var roots: [Node?] = []
    let surroundingsRecord = isGradEnabled
    let inputs = inputs.map(\.current)
    outputs = withTransformLevel { level in
      let reversal = Reversal.open(level: level, name)
      let tracked = inputs.map { input -> Tensor in
        guard input.dtype.isDifferentiable, !input.isPoisoned else {
          leaves.append(nil)
          return input
        }
        let value = reversal.lift(input).value
        let leaf = State(leaf: value, level: level)
        leaves.append(leaf)
        return Tensor(value, leaf)
      }
      // Leaves that the function makes belong to a level above this one.
      let results = withTransformLevel { _ in enableGrad { body(tracked) } }
      return results.map { result in
        let result = result.lowered(below: level + 1)
        roots.append(result.node.flatMap { Int($0.level) == level ? $0 : nil })
        let outer = result.lowered(below: level)
        return surroundingsRecord ? outer : outer.withoutEdge
      }
    }
    self.inputs = inputs
    self.leaves = leaves
    self.roots = roots
  }

  /// The cotangents of the inputs from those of the outputs; zeros where nothing depends on an input.
  package func pull(_ cotangents: [Tensor], isLast: Bool) -> [Tensor] {
    let seeds = zip(roots, cotangents).compactMap { root, cotangent in root.map { ($0, cotangent) }
    }
    let gradients = Walk.gradients(
      seeds, to: leaves, retainGraph: !isLast, createGraph: false, keepsEdges: true, sum: +)
    return zip(gradients, inputs).map { $0?.unboxed ?? Tensor.zeros(like: $1) }
  }
}
