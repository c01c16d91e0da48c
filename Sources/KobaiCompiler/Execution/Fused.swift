import KobaiOperators
import KobaiTensor

extension Primitives {
  /// A group of elementwise operations that passes over memory once. Graphs have it after the pass `fuse`;
  /// it is not differentiated or batched.
  struct Fused: Primitive {
    static let name = "fused"
    let composition: Composition
    /// The operations, in order.
    let names: [String]

    init(_ composition: Composition, names: [String]) {
      self.composition = composition
      self.names = names
    }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let shape = inputs.lazy.map(\.shape).first { !$0.isEmpty } ?? []
      return [
        TensorType(Program.composed(composition).isPredicate ? .bool : inputs[0].dtype, shape)
      ]
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      [ElementwiseEvaluation.strided(.composed(composition), inputs, "fused")]
    }

    func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      ElementwiseEvaluation.prepare(.composed(composition), inputs, to: outputs[0])
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      misuse("fused: a group of operations is batched before it is formed", else: [.poison])
    }
  }
}
