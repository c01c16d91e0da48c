import KobaiOperators
import KobaiTensor

/// The value of a function at `primals` and its derivative along `tangents`, in one forward pass.
///
///     jvp({ (x: [Tensor]) in [x[0] * x[1]] }, [2.0, 3.0], [1.0, 0.0])   // ([tensor(6.)], [tensor(3.)])
///
/// - Returns: the outputs and their tangents.
public func jvp(
  _ function: ([Tensor]) throws -> [Tensor], _ primals: [Tensor], _ tangents: [Tensor],
  fileID: StaticString = #fileID, line: UInt = #line
) rethrows -> (outputs: [Tensor], tangents: [Tensor]) {
  guard ForwardMode.check(primals, tangents) else { return ([], []) }
  return try ForwardMode.push(CallSite("jvp", fileID, line), primals, tangents, function)
}

/// The value of a function of a tree and its derivative along `tangent`, in one forward pass.
///
///     let (y, dy) = jvp({ (x: Tensor) in x ** 2 }, 3.0, 1.0)   // 9, 6
///
/// - Parameter tangent: the direction, of the same structure and shapes. The tangent of a tensor without
///   derivatives (integers, bool) is not read.
public func jvp<A: Tree, R: Tree>(
  _ function: (A) -> R, _ primal: A, _ tangent: A, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (output: R, tangent: R) {
  push(CallSite("jvp", fileID, line), primal.tensors, tangent.tensors) {
    function(primal.replacingTensors($0))
  }
}

/// The value of a function of several trees and its derivative along `tangents`.
///
///     let (z, dz) = jvp({ (x: Tensor, y: Tensor) in x * y }, (x, y), (dx, dy))
public func jvp<each A: Tree, R: Tree>(
  _ function: (repeat each A) -> R, _ primals: (repeat each A),
  _ tangents: (repeat each A), fileID: StaticString = #fileID, line: UInt = #line
) -> (output: R, tangent: R) {
  push(
    CallSite("jvp", fileID, line), tensors(in: repeat each primals),
    tensors(in: repeat each tangents)
  ) {
    call(function, $0, repeat each primals)
  }
}

private func push<R: Tree>(
  _ site: CallSite, _ primals: [Tensor], _ tangents: [Tensor], _ function: ([Tensor]) -> R
) -> (output: R, tangent: R) {
  guard ForwardMode.check(primals, tangents) else {
    let output = function(primals)
    let poison = output.mapTensors { _ in .poison }
    return (poison, poison)
  }
  var result: R?
  let (outputs, pushed) = ForwardMode.push(site, primals, tangents) {
    let output = function($0)
    result = output
    return output.tensors
  }
  guard let result else { preconditionFailure("the function was not called") }
  return (result.replacingTensors(outputs), result.replacingTensors(pushed))
}

/// The product of the Hessian of a function at `primals` with `tangents`: forward over reverse, at a few
/// times the cost of the function.
///
///     hvp({ (x: Tensor) in (x ** 3).sum() }, Tensor([1.0, 2.0]), Tensor([1.0, 0.0]))
///     // tensor([6., 0.])
///
/// - Parameter function: gives a scalar.
public func hvp<A: Tree>(
  _ function: @escaping (A) -> Tensor, _ primals: A, _ tangents: A,
  fileID: StaticString = #fileID, line: UInt = #line
) -> A {
  let gradient = grad(function, fileID: fileID, line: line)
  return push(CallSite("hvp", fileID, line), primals.tensors, tangents.tensors) {
    gradient(primals.replacingTensors($0))
  }.tangent
}
