import KobaiOperators
import KobaiTensor

extension Tensor {
  /// Accumulates the gradient of this tensor into the `grad` of every leaf that it depends on.
  ///
  ///     let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
  ///     (x * x).sum().backward()
  ///     x.grad                       // Optional(tensor([2., 4., 6.]))
  ///
  /// - Parameters:
  ///   - gradient: the cotangent of this tensor, of its shape and dtype; 1 for a single element.
  ///   - retainGraph: keeps the values that derivatives read, for another backward through the graph.
  ///     `createGraph` unless stated.
  ///   - createGraph: records the derivatives, so that they can be differentiated in turn.
  public func backward(
    gradient: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false
  ) {
    // The usual loss, a recorded real number, needs none of the checks.
    if gradient == nil, let node, node.level == 0, value.meta.isPlain, value.body == nil,
      value.dtype.isFloatingPoint
    {
      return Walk.accumulate(
        node, .one(value.dtype), retainGraph: retainGraph ?? createGraph,
        createGraph: createGraph, sum: +)
    }
    guard let (node, cotangent) = Self.root(self, gradient, "backward") else { return }
    Walk.accumulate(
      node, cotangent, retainGraph: retainGraph ?? createGraph, createGraph: createGraph, sum: +)
  }

  /// The gradients of some outputs with respect to some tensors, without touching any `grad`.
  ///
  ///     let x = Tensor(3.0, requiresGrad: true)
  ///     let dy = Tensor.gradients(of: x ** 3, wrt: x, createGraph: true)   // tensor(27.)
  ///     Tensor.gradients(of: dy, wrt: x)                                   // tensor(18.)
  ///
  /// - Parameters:
  ///   - gradients: the cotangents of the outputs; ones for single elements unless given.
  /// - Returns: nil for a tensor that no output depends on.
  public static func gradients(
    of outputs: [Tensor], wrt inputs: [Tensor], gradients: [Tensor?]? = nil,
    retainGraph: Bool? = nil, createGraph: Bool = false
  ) -> [Tensor?] {
    if let gradients, gradients.count != outputs.count {
      return misuse(
        "gradients: \(gradients.count) cotangents were given for \(outputs.count) outputs",
        else: inputs.map { _ in nil })
    }
    var roots: [(Node, Tensor)] = []
    for (i, output) in outputs.enumerated() {
      guard let root = root(output, gradients?[i], "gradients") else {
        return inputs.map { _ in nil }
      }
      roots.append(root)
    }
    for input in inputs where !input.requiresGrad {
      return misuse(
        "gradients: one of the tensors to differentiate with respect to does not require grad; "
          + "make it with requiresGrad: true", else: inputs.map { _ in nil })
    }
    return Walk.gradients(
      roots, to: inputs.map(\.current.node), retainGraph: retainGraph ?? createGraph,
      createGraph: createGraph, sum: +)
  }

  /// The gradient of one output with respect to one tensor; zeros if it does not depend on it.
  public static func gradients(
    of output: Tensor, wrt input: Tensor, gradient: Tensor? = nil, retainGraph: Bool? = nil,
    createGraph: Bool = false
  ) -> Tensor {
    gradients(
      of: [output], wrt: [input], gradients: [gradient], retainGraph: retainGraph,
      createGraph: createGraph)[0] ?? Tensor.zeros(like: input)
  }

  /// Where a walk starts; nil, after the misuse, if it cannot.
  private static func root(_ output: Tensor, _ gradient: Tensor?, _ name: String) -> (Node, Tensor)?
  {
    guard output.requiresGrad, let node = output.current.node else {
      return misuse(
        "\(name): the tensor does not require grad and does not have a grad_fn; it depends on no "
          + "tensor with requiresGrad: true, or was computed inside noGrad", else: nil)
    }
    guard node.level <= withTransformLevel({ $0 - 1 }) else {
      return misuse(
        "\(name): a tensor made inside \(Reversal.at(level: Int(node.level)).name) is used after its "
          + "closure has returned; return it from the closure instead", else: nil)
    }
    guard let gradient else {
      guard output.count == 1 else {
        return misuse(
          "\(name): grad can be implicitly created only for scalar outputs, but the shape is "
            + "\(output.shape); reduce it (.sum()) or pass gradient:", else: nil)
      }
      guard !output.dtype.isComplex else {
        return misuse(
          "\(name): grad can be implicitly created only for real scalar outputs, but the dtype is "
            + "\(output.dtype); pass gradient:", else: nil)
      }
      return (node, Tensor.ones(like: output))
    }
    guard gradient.shape == output.shape else {
      return misuse(
        "\(name): mismatch in shape: the gradient has \(gradient.shape) and the output "
          + "\(output.shape)", else: nil)
    }
    return (node, gradient.to(output.dtype))
  }
}
