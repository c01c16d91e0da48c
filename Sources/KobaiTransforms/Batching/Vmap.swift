import KobaiOperators
import KobaiTensor

/// Calls `function` once for a whole batch: it sees single examples.
///
///     let dots = vmap({ [($0[0] * $0[1]).sum()] }, inAxes: [0, nil])
///     dots([Tensor([[1, 2], [3, 4]]), Tensor([1, 1])])   // [tensor([3, 7])]
///
/// - Parameters:
///   - inAxes: the batch axis of each tensor of the array, nil for one that all examples share; 0 unless
///     given.
///   - outAxis: where the outputs have their batch axis.
///   - randomness: what random operations do.
public func vmap(
  _ function: @escaping ([Tensor]) -> [Tensor], inAxes: [Int?]? = nil, outAxis: Int = 0,
  randomness: Randomness = .error, fileID: StaticString = #fileID, line: UInt = #line
) -> ([Tensor]) -> [Tensor] {
  let site = CallSite("vmap", fileID, line)
  return { inputs in
    let axes = inAxes ?? inputs.map { _ in 0 }
    guard axes.count == inputs.count else {
      return misuse(
        "vmap: \(axes.count) axes were given for \(inputs.count) inputs", else: [])
    }
    return Batching.run(
      site, inputs, axes: axes, size: nil, randomness,
      outAxes: { $0.map { _ in outAxis } }, function)
  }
}

/// Calls `function` once for a whole batch: it sees single examples.
///
///     let dots = vmap({ (x: Tensor, w: Tensor) in (x * w).sum() }, inAxes: [0, nil])
///     dots(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 1.0]))              // tensor([3., 7.])
///     vmap(grad(loss), inAxes: [nil, 0, 0])(parameters, inputs, targets)      // per example
///
/// Nests, and composes with every other transform. Shapes that the function sees lack the batch axis; what it
/// takes from outside is shared by all examples.
///
/// - Parameters:
///   - inAxes: the batch axis of each argument, for all tensors in it; nil for one that all examples
///     share. 0 for all unless given.
///   - outAxes: where the result has the batch axis; nil for a result that all examples share.
///   - axisSize: the number of examples, needed only where no argument has a batch axis.
///   - randomness: what random operations do: `.different` numbers for each example, the `.same` for all,
///     or an `.error`.
@_disfavoredOverload
public func vmap<each A: Tree, R: Tree>(
  _ function: @escaping (repeat each A) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (repeat each A) -> R {
  vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
}

func vmapOfPack<each A: Tree, R: Tree>(
  _ function: @escaping (repeat each A) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString,
  line: UInt
) -> (repeat each A) -> R {
  let site = CallSite("vmap", fileID, line)
  return { (a: repeat each A) in
    let (inputs, axes) = axesOfTensors(inAxes, groups(repeat each a))
    var result: R?
    let outputs = Batching.run(
      site, inputs, axes: axes, size: axisSize, randomness, outAxes: { $0.map { _ in outAxes } }
    ) { tensors in
      let output = call(function, tensors, repeat each a)
      result = output
      return output.tensors
    }
    guard let result else { preconditionFailure("the function was not called") }
    return result.replacingTensors(outputs)
  }
}

/// `vmap` of a function with several results.
///
///     vmap { (x: Tensor) in (x.sum(), x * 2) }(x)
///
/// - Parameter outAxes: where each result has the batch axis; 0 for all unless given.
@_disfavoredOverload
public func vmap<each A: Tree, each R: Tree>(
  _ function: @escaping (repeat each A) -> (repeat each R), inAxes: [Int?]? = nil,
  outAxes: [Int?]? = nil, axisSize: Int? = nil, randomness: Randomness = .error,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> (repeat each R) {
  vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
}

func vmapOfPack<each A: Tree, each R: Tree>(
  _ function: @escaping (repeat each A) -> (repeat each R), inAxes: [Int?]? = nil,
  outAxes: [Int?]? = nil, axisSize: Int? = nil, randomness: Randomness = .error,
  fileID: StaticString, line: UInt
) -> (repeat each A) -> (repeat each R) {
  let site = CallSite("vmap", fileID, line)
  return { (a: repeat each A) in
    let (inputs, axes) = axesOfTensors(inAxes, groups(repeat each a))
    var result: (repeat each R)?
    var axesOfResults: [Int?] = []
    let outputs = Batching.run(
      site, inputs, axes: axes, size: axisSize, randomness, outAxes: { _ in axesOfResults }
    ) { tensors in
      let output = call(function, tensors, repeat each a)
      result = output
      let (flat, axes) = axesOfTensors(outAxes, groups(repeat each output))
      axesOfResults = axes
      return flat
    }
    guard let result else { preconditionFailure("the function was not called") }
    return rebuild(outputs, repeat each result)
  }
}

/// The tensors of some trees, and for each the axis that was given for its tree.
private func axesOfTensors(_ axes: [Int?]?, _ groups: [[Tensor]]) -> ([Tensor], [Int?]) {
  let all = groups.flatMap { $0 }
  guard let axes else { return (all, all.map { _ in 0 }) }
  guard axes.count == groups.count else {
    return misuse(
      "vmap: \(axes.count) axes were given for \(groups.count) arguments or results; each needs one",
      else: (all, all.map { _ in nil }))
  }
  return (all, zip(axes, groups).flatMap { axis, group in group.map { _ in axis } })
}
