import KobaiOperators
import KobaiTensor

/// In which direction a Jacobian is made up.
public enum DerivativeMode: Sendable {
  /// The cheaper of both: forward when the result has more elements than the argument.
  case automatic
  /// Column by column, one tangent for each element of the argument.
  case forward
  /// Row by row, one cotangent for each element of the result.
  case reverse
}

/// The derivatives of each element of a function's result with respect to each element of its argument.
///
///     jacobian { (x: Tensor) in x * x }(Tensor([1.0, 2.0]))   // tensor([[2., 0.], [0., 4.]])
///
/// The function is evaluated once; all rows or columns are made together by `vmap`.
///
/// - Parameter function: of one tensor, gives a tensor.
/// - Returns: a function that gives a tensor of the result's shape followed by the argument's.
public func jacobian(
  _ function: @escaping (Tensor) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> Tensor {
  let site = CallSite("jacobian", fileID, line)
  return { x in
    Jacobian.blocks(site, mode, [x]) { [function($0[0])] }.first?.first ?? .poison
  }
}

/// The Jacobian with respect to the first argument, any tree, of a function that gives one tensor.
///
/// - Returns: a function that gives a tree of the structure of the first argument; each tensor has the
///   result's shape followed by its own.
@_disfavoredOverload
public func jacobian<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, repeat each B) -> A {
  jacobianOfPack(function, mode: mode, fileID: fileID, line: line)
}

func jacobianOfPack<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString, line: UInt
) -> (A, repeat each B) -> A {
  let site = CallSite("jacobian", fileID, line)
  return { (a: A, b: repeat each B) in
    let blocks = Jacobian.blocks(site, mode, a.tensors) {
      [function(a.replacingTensors($0), repeat each b)]
    }
    return a.replacingTensors(blocks.first ?? a.tensors.map { _ in .poison })
  }
}

/// The Jacobian in forward mode, column by column; see ``jacobian(_:mode:fileID:line:)``.
public func jacfwd(
  _ function: @escaping (Tensor) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> Tensor { jacobian(function, mode: .forward, fileID: fileID, line: line) }

/// The Jacobian in reverse mode, row by row; see ``jacobian(_:mode:fileID:line:)``.
public func jacrev(
  _ function: @escaping (Tensor) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> Tensor { jacobian(function, mode: .reverse, fileID: fileID, line: line) }

/// The second derivatives of a scalar function of one tensor: forward over reverse.
///
///     hessian { (x: Tensor) in (x ** 3).sum() }(Tensor([1.0, 2.0]))   // tensor([[6., 0.], [0., 12.]])
///
/// - Returns: a function that gives a tensor of the argument's shape twice.
public func hessian(
  _ function: @escaping (Tensor) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> Tensor {
  jacobian(
    grad(function, fileID: fileID, line: line), mode: .forward, fileID: fileID, line: line)
}

/// The second derivatives of a scalar function with respect to its first argument, any tree.
///
/// - Returns: a function that gives the blocks: row i, column j holds the derivatives of the gradient of
///   tensor i with respect to tensor j, in the order of `tensors`.
@_disfavoredOverload
public func hessian<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, repeat each B) -> [[Tensor]] {
  hessianOfPack(function, fileID: fileID, line: line)
}

func hessianOfPack<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString,
  line: UInt
) -> (A, repeat each B) -> [[Tensor]] {
  let site = CallSite("hessian", fileID, line)
  return { (a: A, b: repeat each B) in
    let gradient = grad(
      { (inner: A) in function(inner, repeat each b) }, fileID: fileID, line: line)
    return Jacobian.blocks(site, .forward, a.tensors) {
      gradient(a.replacingTensors($0)).tensors
    }
  }
}

enum Jacobian {
  /// For each output, and each input, the derivatives: the output's shape followed by the input's.
  static func blocks(
    _ site: CallSite, _ mode: DerivativeMode, _ inputs: [Tensor],
    _ function: ([Tensor]) -> [Tensor]
  ) -> [[Tensor]] {
    guard checkDifferentiable(site.transform, inputs) else { return [inputs.map { _ in .poison }] }
    if mode == .forward {
      return withoutActuallyEscaping(function) { forward(site, inputs, $0) }
    }
    let tape = Tape(site, inputs, function)
    let (n, m) = (inputs.reduce(0) { $0 + $1.count }, tape.outputs.reduce(0) { $0 + $1.count })
    if mode == .automatic && n < m {
      let linear = Linearized(tape, site)
      return columns(site, inputs) { linear.push($0) }
    }
    return rows(site, inputs, tape.outputs) { tape.pull($0, isLast: false) }
  }

  private static func forward(
    _ site: CallSite, _ inputs: [Tensor], _ function: @escaping ([Tensor]) -> [Tensor]
  ) -> [[Tensor]] {
    columns(site, inputs) { ForwardMode.push(site, inputs, $0, function).tangents }
  }

  /// By cotangents: unit vectors of the outputs.
  private static func rows(
    _ site: CallSite, _ inputs: [Tensor], _ outputs: [Tensor],
    _ pull: @escaping ([Tensor]) -> [Tensor]
  ) -> [[Tensor]] {
    let all = vectorised(site, outputs, pull)
    return split(all, outputs).map { blocks in
      zip(blocks.parts, inputs).map { $0.reshape(blocks.shape + $1.shape) }
    }
  }

  /// By tangents: unit vectors of the inputs.
  private static func columns(
    _ site: CallSite, _ inputs: [Tensor],
    _ push: @escaping ([Tensor]) -> [Tensor]
  ) -> [[Tensor]] {
    let all = vectorised(site, inputs, push)
    let byInput = split(all, inputs)
    return all.indices.map { i in
      byInput.map { blocks in
        let part = blocks.parts[i]
        guard !part.isPoisoned else { return .poison }
        let shape = Array(part.shape.dropFirst()) + blocks.shape
        return part.permute(Array(1..<part.rank) + [0]).reshape(shape)
      }
    }
  }

  /// The results of `map`, linear, for each unit vector of the space of `tensors`, along a first dimension.
  private static func vectorised(
    _ site: CallSite, _ tensors: [Tensor], _ map: @escaping ([Tensor]) -> [Tensor]
  ) -> [Tensor] {
    let total = tensors.reduce(0) { $0 + $1.count }
    var start = 0
    let units = tensors.map { tensor -> Tensor in
      defer { start += tensor.count }
      let unit = Tensor.eye(total, dtype: tensor.dtype)
      return unit.narrow(dim: 1, start: start, length: tensor.count)
        .reshape([total] + tensor.shape)
    }
    return Batching.run(
      site, units, axes: units.map { _ in 0 }, size: total, .same,
      outAxes: { $0.map { _ in 0 } }, map)
  }

  /// Results for the unit vectors of each of `tensors`.
  private static func split(
    _ all: [Tensor], _ tensors: [Tensor]
  ) -> [(shape: Shape, parts: [Tensor])] {
    var start = 0
    return tensors.map { tensor in
      defer { start += tensor.count }
      return (
        tensor.shape, all.map { $0.narrow(dim: 0, start: start, length: tensor.count) }
      )
    }
  }
}
