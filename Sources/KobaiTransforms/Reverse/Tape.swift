import KobaiOperators
import KobaiTensor

/// A function that has been run once on leaves of a level of its own, ready to be walked backward any
/// number of times.
struct Tape {
  /// What the function gave, as the surroundings see it.
  let outputs: [Tensor]
  private let inputs: [Tensor]
  private let leaves: [Node?]
  private let roots: [Node?]

  /// - Parameters:
  ///   - inputs: what the function is differentiated with respect to. Those of a dtype without derivatives
  ///     get none.
  ///   - body: is called once; its outputs must be tensors.
  init(_ site: CallSite, _ inputs: [Tensor], _ body: ([Tensor]) -> [Tensor]) {
    var leaves: [Node?] = []
    var roots: [Node?] = []
    let surroundingsRecord = isGradEnabled
    let inputs = inputs.map(\.current)
    outputs = withTransformLevel { level in
      let reversal = Reversal.open(level: level, site.name)
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
  func pull(_ cotangents: [Tensor], isLast: Bool) -> [Tensor] {
    let seeds = zip(roots, cotangents).compactMap { root, cotangent in root.map { ($0, cotangent) }
    }
    let gradients = Walk.gradients(
      seeds, to: leaves, retainGraph: !isLast, createGraph: false, keepsEdges: true, sum: +)
    return zip(gradients, inputs).map { $0?.unboxed ?? Tensor.zeros(like: $1) }
  }

  /// The cotangents that `pull` takes for these outputs; nil, after a misuse, if they do not fit.
  func checkCotangents(_ name: String, _ cotangents: [Tensor]) -> [Tensor]? {
    guard cotangents.count == outputs.count else {
      return misuse(
        "\(name): \(cotangents.count) cotangents were given for \(outputs.count) outputs", else: nil
      )
    }
    for (cotangent, output) in zip(cotangents, outputs) {
      if cotangent.shape == output.shape { continue }
      return misuse(
        "\(name): the cotangent of an output must have its shape, \(output.shape), but has "
          + "\(cotangent.shape)", else: nil)
    }
    return zip(cotangents, outputs).map { $1.dtype.isDifferentiable ? $0.to($1.dtype) : $0 }
  }
}

/// What `grad` can differentiate: a real number.
func checkScalar(_ name: String, _ output: Tensor) -> Bool {
  guard output.count == 1 else {
    return misuse(
      "\(name): the function must return a scalar, but the shape of its result is \(output.shape); "
        + "reduce it (.sum()), or use jacobian or vjp", else: false)
  }
  guard output.dtype.isFloatingPoint else {
    return misuse(
      "\(name): the function must return a real floating point number, but its dtype is "
        + "\(output.dtype); "
        + (output.dtype.isComplex
          ? "take .real or .abs(), or use vjp" : "convert with .to(.float32)"),
      else: false)
  }
  return !output.isPoisoned
}

/// Arguments that are differentiated must have a derivative.
func checkDifferentiable(_ name: String, _ inputs: [Tensor]) -> Bool {
  for input in inputs where !input.dtype.isDifferentiable && !input.isPoisoned {
    return misuse(
      "\(name): requires real- or complex-valued inputs, but got \(input.dtype): only Tensors of "
        + "floating point and complex dtype can require gradients; convert with .to(.float32), or do "
        + "not differentiate this argument", else: false)
  }
  return true
}
