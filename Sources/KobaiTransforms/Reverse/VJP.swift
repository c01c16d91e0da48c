import KobaiOperators
import KobaiTensor

/// The value of a function and its pullback: what takes cotangents of the result to cotangents of the
/// arguments.
///
///     let (y, pullback) = vjp({ (x: Tensor) in x * x }, Tensor([1.0, 2.0]))
///     pullback(Tensor([1.0, 10.0]))   // tensor([2., 40.])
///
/// The function is called once, now; the pullback can be called any number of times, also inside other
/// transforms (`vmap(pullback)` gives the rows of the Jacobian).
public func vjp<each A: Tree, R: Tree>(
  _ function: (repeat each A) -> R, _ primals: repeat each A, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (output: R, pullback: (R) -> (repeat each A)) {
  var result: R?
  let inputs = tensors(in: repeat each primals)
  _ = checkHoldsTensors("vjp", inputs)
  let tape = Tape(CallSite("vjp", fileID, line), inputs) { leaves in
    let output = call(function, leaves, repeat each primals)
    result = output
    return output.tensors
  }
  guard let result else { preconditionFailure("the function was not called") }
  return (
    result.replacingTensors(tape.outputs),
    { cotangent in
      guard let cotangents = tape.checkCotangents("vjp", cotangent.tensors) else {
        return rebuild(inputs.map { _ in .poison }, repeat each primals)
      }
      return rebuild(tape.pull(cotangents, isLast: false), repeat each primals)
    }
  )
}

/// The value of a function at `primal` and its derivative there as a linear function of tangents: the
/// function is evaluated once, however often the derivative is applied.
///
///     let (y, derivative) = linearize({ (x: Tensor) in x ** 3 }, 2.0)   // y = 8
///     derivative(1.0)                                                   // tensor(12.)
///
/// The derivative is the transpose of the pullback, recorded once.
public func linearize<each A: Tree, R: Tree>(
  _ function: (repeat each A) -> R, _ primals: repeat each A, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (output: R, derivative: (repeat each A) -> R) {
  let site = CallSite("linearize", fileID, line)
  var result: R?
  let inputs = tensors(in: repeat each primals)
  _ = checkHoldsTensors("linearize", inputs)
  let linear = Linearized(site, inputs) { leaves in
    let output = call(function, leaves, repeat each primals)
    result = output
    return output.tensors
  }
  guard let result else { preconditionFailure("the function was not called") }
  return (
    result.replacingTensors(linear.tape.outputs),
    { (tangents: repeat each A) in
      result.replacingTensors(linear.push(tensors(in: repeat each tangents)))
    }
  )
}

/// A function evaluated once, with its pullback and the transpose of that.
struct Linearized {
  let tape: Tape
  private let transposed: Tape

  init(_ site: CallSite, _ inputs: [Tensor], _ body: ([Tensor]) -> [Tensor]) {
    self.init(Tape(site, inputs, body), site)
  }

  init(_ tape: Tape, _ site: CallSite) {
    self.tape = tape
    // The pullback is linear, so its derivative does not depend on where it is taken.
    transposed = Tape(site, tape.outputs.map { Tensor.zeros(like: $0) }) {
      tape.pull($0, isLast: false)
    }
  }

  func pull(_ cotangents: [Tensor]) -> [Tensor] { tape.pull(cotangents, isLast: false) }

  func push(_ tangents: [Tensor]) -> [Tensor] {
    guard let tangents = transposed.checkCotangents("linearize", tangents) else {
      return tape.outputs.map { _ in .poison }
    }
    return transposed.pull(tangents, isLast: false)
  }
}

/// The same tensors for the function, constants for every derivative.
///
///     grad { (x: Tensor) in x * stopGradient(x) }(3.0)   // tensor(3.)
public func stopGradient<T: Tree>(_ tree: T) -> T { tree.mapTensors { $0.detach() } }
