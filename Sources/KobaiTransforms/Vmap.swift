import KobaiOperators
import KobaiTensor

/// Batching: a tensor stands for as many as the batch has, which differ along a first dimension that
/// the operations do not see.
///
/// `@unchecked Sendable`: `isActive` ends once, on the thread that runs the transform.
final class Batching: Interpreter, @unchecked Sendable {
  let level: Int
  let size: Int
  let name = "vmap"
  private(set) var isActive = true

  init(level: Int, size: Int) {
    self.level = level
    self.size = size
  }

  func end() { isActive = false }

  /// What stands for the slices of `tensor` along its first dimension.
  func batched(_ tensor: Tensor) -> Tensor {
    let type = tensor.type
    return trace(
      TensorType(type.dtype, Array(type.shape.dropFirst())), payload: Payload(tensor, true))
  }

  func lift(_ tensor: Tensor) -> Tensor { trace(tensor.type, payload: Payload(tensor, false)) }

  struct Payload: Sendable {
    let tensor: Tensor
    let isBatched: Bool
    init(_ tensor: Tensor, _ isBatched: Bool) {
      self.tensor = tensor
      self.isBatched = isBatched
    }
  }

  func unwrap(_ tensor: Tensor) -> Payload {
    payload(of: tensor) as? Payload ?? Payload(tensor, false)
  }

  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
    let payloads = inputs.map(unwrap)
    let tensors = payloads.map(\.tensor)
    guard payloads.contains(where: \.isBatched) else {
      return KobaiTensor.bind(primitive, tensors).map(lift)
    }
    return primitive.batch(tensors, isBatched: payloads.map(\.isBatched), size: size).map(batched)
  }

  /// The slices stacked along a first dimension.
  func stacked(_ tensor: Tensor) -> Tensor {
    let inner = unwrap(tensor)
    return inner.isBatched ? inner.tensor : inner.tensor.broadcast(to: [size] + inner.tensor.shape)
  }
}

/// Calls `function` once for a whole batch: it sees single examples.
///
///     let dots = vmap { [($0[0] * $0[1]).sum()] }
///     dots([Tensor([[1, 2], [3, 4]]), Tensor([1, 1])])   // with inAxes [0, nil]: tensor([3, 7])
///
/// - Parameters:
///   - inAxes: the batch axis of each input, nil for an input that all examples share; 0 unless given.
///   - outAxis: where the outputs have their batch axis.
public func vmap(
  _ function: @escaping ([Tensor]) -> [Tensor], inAxes: [Int?]? = nil, outAxis: Int = 0
) -> ([Tensor]) -> [Tensor] {
  { inputs in
    let axes = inAxes ?? inputs.map { _ in 0 }
    guard axes.count == inputs.count else {
      return misuse(
        "vmap: \(axes.count) axes were given for \(inputs.count) inputs", else: [])
    }
    var size: Int?
    var fronted: [Tensor?] = []
    for (input, axis) in zip(inputs, axes) {
      guard let axis else {
        fronted.append(nil)
        continue
      }
      guard let dim = Operands.dimension("vmap", axis, rank: input.rank), input.rank > 0 else {
        return inputs.map { _ in .poison }
      }
      let length = input.shape[dim]
      guard size == nil || size == length else {
        return misuse(
          "vmap: inputs disagree about the batch: \(size ?? 0) and \(length); the sizes along "
            + "inAxes must be equal", else: [])
      }
      size = length
      fronted.append(input.permute([dim] + (0..<input.rank).filter { $0 != dim }))
    }
    guard let size else {
      return misuse("vmap: at least one input must have a batch axis", else: [])
    }
    return withTransformLevel { level in
      let batching = Batching(level: level, size: size)
      defer { batching.end() }
      let outputs = function(zip(inputs, fronted).map { $1.map(batching.batched) ?? $0 })
      return outputs.map { output in
        let stacked = batching.stacked(output)
        if outAxis == 0 { return stacked }
        guard let dim = Operands.dimension("vmap", outAxis, rank: stacked.rank) else {
          return .poison
        }
        var order = Array(1..<stacked.rank)
        order.insert(0, at: dim)
        return stacked.permute(order)
      }
    }
  }
}
