import KobaiOperators
import KobaiTensor

/// What random operations inside of `vmap` do.
public enum Randomness: Sendable {
  /// They are refused: whether examples share their numbers must be said.
  case error
  /// Each example draws its own numbers.
  case different
  /// All examples use the same numbers.
  case same
}

/// Batching: a tensor stands for as many as the batch has, which differ along a first dimension that
/// the operations do not see.
///
/// `@unchecked Sendable`: `isActive` ends once, on the thread that runs the transform.
final class Batching: Interpreter, @unchecked Sendable {
  let level: Int
  let size: Int
  let name: String
  let randomness: Randomness
  private(set) var isActive = true

  init(level: Int, size: Int, name: String, randomness: Randomness) {
    self.level = level
    self.size = size
    self.name = name
    self.randomness = randomness
  }

  func end() { isActive = false }

  /// What stands for the slices of `tensor` along its first dimension.
  func batched(_ tensor: Tensor) -> Tensor {
    let type = tensor.type
    return trace(
      TensorType(type.dtype, Array(type.shape.dropFirst())), payload: Payload(tensor, true))
  }

  func lift(_ tensor: Tensor) -> Tensor { trace(tensor.type, payload: Payload(tensor, false)) }

  func host(_ tensor: Tensor) -> Tensor? {
    let inner = unwrap(tensor)
    return inner.isBatched ? nil : inner.tensor
  }

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
    if let random = primitive as? any RandomPrimitive { return draw(random, payloads) }
    guard payloads.contains(where: \.isBatched) else {
      return KobaiTensor.bind(primitive, tensors).map(lift)
    }
    return primitive.batch(tensors, isBatched: payloads.map(\.isBatched), size: size).map(batched)
  }

  private func draw(_ primitive: any RandomPrimitive, _ inputs: [Payload]) -> [Tensor] {
    let tensors = inputs.map(\.tensor)
    // Below this transform random operations are those of the surroundings.
    func below(_ body: () -> [Tensor]) -> [Tensor] { Tracing.outside(self, body) }
    switch randomness {
    case .error:
      let types = inputs.map { payload in
        TensorType(
          payload.tensor.dtype, Array(payload.tensor.shape.dropFirst(payload.isBatched ? 1 : 0)))
      }
      return misuse(
        "\(name): called random operation (\(type(of: primitive).name)) while in randomness error mode; "
          + "please either use the 'same' or 'different' randomness flags on vmap",
        else: primitive.infer(types).map { _ in .poison })
    case .same:
      guard inputs.contains(where: \.isBatched) else {
        return below { KobaiTensor.bind(primitive, tensors).map(lift) }
      }
      if primitive.repeated(size) != nil {
        return below { KobaiTensor.bind(primitive, []).map(lift) }
      }
      return misuse(
        "\(name): \(type(of: primitive).name) draws from numbers that differ between examples, so that "
          + "examples cannot share what is drawn; use randomness: .different",
        else: inputs.map { _ in .poison })
    case .different:
      if let repeated = primitive.repeated(size) {
        return below { KobaiTensor.bind(repeated, []).map(batched) }
      }
      let all = inputs.map { payload in
        payload.isBatched
          ? payload.tensor
          : payload.tensor.broadcast(to: [size] + payload.tensor.shape).contiguous()
      }
      return below {
        primitive.batch(all, isBatched: all.map { _ in true }, size: size).map(batched)
      }
    }
  }

  /// The slices stacked along a first dimension; with `axis` nil the one tensor that all share.
  func stacked(_ result: Tensor, axis: Int?) -> Tensor {
    let inner = unwrap(result.lowered(below: level).unboxed)
    guard let axis else {
      guard !inner.isBatched else {
        return misuse(
          "\(name): a result differs between examples, so outAxes cannot be nil for it; state the "
            + "dimension of the batch")
      }
      return inner.tensor
    }
    let stacked =
      inner.isBatched ? inner.tensor : inner.tensor.broadcast(to: [size] + inner.tensor.shape)
    if axis == 0 || stacked.isPoisoned { return stacked }
    guard let dim = Operands.dimension("vmap", axis, rank: stacked.rank) else { return .poison }
    var order = Array(1..<stacked.rank)
    order.insert(0, at: dim)
    return stacked.permute(order)
  }

  /// Calls `function` once on what stands for all examples.
  static func run(
    _ site: CallSite, _ inputs: [Tensor], axes: [Int?], size given: Int?, _ randomness: Randomness,
    outAxes: ([Tensor]) -> [Int?], _ function: ([Tensor]) -> [Tensor]
  ) -> [Tensor] {
    var size = given
    var fronted: [Tensor?] = []
    for (input, axis) in zip(inputs, axes) {
      guard let axis else {
        fronted.append(nil)
        continue
      }
      guard input.rank > 0 else {
        return misuse(
          "vmap: an input without dimensions has no batch axis \(axis); give it the axis nil",
          else: failed(function, inputs))
      }
      guard let dim = Operands.dimension("vmap", axis, rank: input.rank) else {
        return failed(function, inputs)
      }
      let length = input.shape[dim]
      guard size == nil || size == length else {
        return misuse(
          "vmap: inputs disagree about the batch: \(size ?? 0) and \(length); the sizes along "
            + "inAxes must be equal", else: failed(function, inputs))
      }
      size = length
      fronted.append(
        dim == 0
          ? input.current : input.permute([dim] + (0..<input.rank).filter { $0 != dim }))
    }
    guard let size else {
      return misuse(
        "vmap: at least one input must have a batch axis, or axisSize must be given",
        else: failed(function, inputs))
    }
    return withTransformLevel { level in
      let batching = Batching(level: level, size: size, name: site.name, randomness: randomness)
      defer { batching.end() }
      return Tracing.withRandom(batching) {
        let outputs = function(zip(inputs, fronted).map { $1.map(batching.batched) ?? $0 })
        return zip(outputs, outAxes(outputs)).map { output, axis in
          Tracing.outside(batching) { batching.stacked(output, axis: axis) }
        }
      }
    }
  }

  /// As many poisoned tensors as the function gives.
  private static func failed(_ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor]) -> [Tensor] {
    function(inputs.map { _ in .poison }).map { _ in .poison }
  }
}
