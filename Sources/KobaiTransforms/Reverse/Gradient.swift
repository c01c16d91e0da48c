import KobaiOperators
import KobaiTensor

// grad and valueAndGrad. All forms come to `differentiate`.

/// Which arguments `grad` differentiates with respect to: all of them.
public enum AllArguments: Sendable { case all }
/// Which arguments `grad` differentiates with respect to: the second.
public enum SecondArgument: Sendable { case second }
/// Which arguments `grad` differentiates with respect to: the third.
public enum ThirdArgument: Sendable { case third }

/// The result of a function with something beside it, and the gradient of the result.
func differentiate<Aux>(
  _ site: CallSite, _ inputs: [Tensor], _ function: ([Tensor]) -> (Tensor, Aux)
) -> (value: Tensor, aux: Aux, gradients: [Tensor]) {
  guard checkDifferentiable(site.transform, inputs) else {
    let (_, aux) = function(inputs)
    return (.poison, aux, inputs.map { _ in .poison })
  }
  var aux: Aux?
  let tape = Tape(site, inputs) { leaves in
    let (output, other) = function(leaves)
    aux = other
    return [output]
  }
  guard let aux else { preconditionFailure("the function was not called") }
  let value = tape.outputs[0]
  guard checkScalar(site.transform, value) else {
    return (.poison, aux, inputs.map { _ in .poison })
  }
  return (value, aux, tape.pull([Tensor.ones(like: value)], isLast: true))
}

/// The gradient of a function of one or more arguments with respect to the first.
///
///     grad { (x: Tensor) in x ** 3 }(2.0)                                    // tensor(12.)
///     grad { (w: Tensor, x: Tensor) in (w * x).sum() }(w, x)                 // x
///     grad(grad { (x: Tensor) in x ** 3 })(2.0)                              // tensor(12.)
///     vmap(grad(loss), inAxes: [nil, 0, 0])(parameters, inputs, targets)     // per example
///
/// Arguments are trees: tensors, arrays, dictionaries, structs that conform to `Tree`. The function is
/// called once for each call of the result.
///
/// - Parameter function: gives a scalar: one element of a real floating point dtype.
/// - Returns: a function of the same arguments; its result has the structure of the first.
@_disfavoredOverload
public func grad<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, repeat each B) -> A {
  gradOfPack(function, fileID: fileID, line: line)
}

func gradOfPack<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString,
  line: UInt
) -> (A, repeat each B) -> A {
  let site = CallSite("grad", fileID, line)
  return { (a: A, b: repeat each B) in
    let result = differentiate(site, a.tensors) {
      (function(a.replacingTensors($0), repeat each b), ())
    }
    return a.replacingTensors(result.gradients)
  }
}

/// The gradient of a function of one tensor.
///
///     grad { $0 ** 3 }(2.0)   // tensor(12.)
public func grad(
  _ function: @escaping (Tensor) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> Tensor {
  let site = CallSite("grad", fileID, line)
  return { x in differentiate(site, [x]) { (function($0[0]), ()) }.gradients[0] }
}

/// The gradient with respect to the first argument of a function that returns something beside its value.
///
///     let (gradient, accuracy) = grad({ (w: Tensor) in (loss(w), accuracy(w)) }, hasAux: true)(w)
///
/// - Parameter hasAux: true; the function returns (value, anything).
@_disfavoredOverload
public func grad<A: Tree, each B: Tree, Aux>(
  _ function: @escaping (A, repeat each B) -> (Tensor, Aux), hasAux: Bool,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, repeat each B) -> (A, Aux) {
  gradOfPack(function, hasAux: hasAux, fileID: fileID, line: line)
}

func gradOfPack<A: Tree, each B: Tree, Aux>(
  _ function: @escaping (A, repeat each B) -> (Tensor, Aux), hasAux: Bool,
  fileID: StaticString, line: UInt
) -> (A, repeat each B) -> (A, Aux) {
  let both = valueAndGrad(function, hasAux: hasAux, fileID: fileID, line: line)
  return { (a: A, b: repeat each B) in
    let ((_, aux), gradient) = both(a, repeat each b)
    return (gradient, aux)
  }
}

/// The gradients with respect to every argument.
///
///     grad({ (x: Tensor, y: Tensor) in x * y }, argnums: .all)(2.0, 3.0)   // (tensor(3.), tensor(2.))
@_disfavoredOverload
public func grad<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: AllArguments,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> (repeat each A) {
  gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func gradOfPack<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: AllArguments,
  fileID: StaticString, line: UInt
) -> (repeat each A) -> (repeat each A) {
  let both = valueAndGrad(function, argnums: .all, fileID: fileID, line: line)
  return { (a: repeat each A) in both(repeat each a).1 }
}

/// The gradient with respect to the second argument.
@_disfavoredOverload
public func grad<A: Tree, B: Tree, each C: Tree>(
  _ function: @escaping (A, B, repeat each C) -> Tensor, argnums: SecondArgument,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, repeat each C) -> B {
  gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func gradOfPack<A: Tree, B: Tree, each C: Tree>(
  _ function: @escaping (A, B, repeat each C) -> Tensor, argnums: SecondArgument,
  fileID: StaticString, line: UInt
) -> (A, B, repeat each C) -> B {
  { (a: A, b: B, c: repeat each C) in
    grad({ (b: B) in function(a, b, repeat each c) }, fileID: fileID, line: line)(b)
  }
}

/// The gradient with respect to the third argument.
@_disfavoredOverload
public func grad<A: Tree, B: Tree, C: Tree, each D: Tree>(
  _ function: @escaping (A, B, C, repeat each D) -> Tensor, argnums: ThirdArgument,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, repeat each D) -> C {
  gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func gradOfPack<A: Tree, B: Tree, C: Tree, each D: Tree>(
  _ function: @escaping (A, B, C, repeat each D) -> Tensor, argnums: ThirdArgument,
  fileID: StaticString, line: UInt
) -> (A, B, C, repeat each D) -> C {
  { (a: A, b: B, c: C, d: repeat each D) in
    grad({ (c: C) in function(a, b, c, repeat each d) }, fileID: fileID, line: line)(c)
  }
}

/// The gradient with respect to one argument, a tensor, by its number.
///
///     grad({ (x: Tensor, y: Tensor) in x * x * y }, argnums: 1)(2.0, 3.0)   // tensor(4.)
@_disfavoredOverload
public func grad<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: Int,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> Tensor {
  gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func gradOfPack<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: Int,
  fileID: StaticString, line: UInt
) -> (repeat each A) -> Tensor {
  let both = valueAndGrad(function, argnums: [argnums], fileID: fileID, line: line)
  return { (a: repeat each A) in both(repeat each a).1.first ?? .poison }
}

/// The gradients with respect to some arguments, tensors, by their numbers.
///
///     grad({ (x: Tensor, y: Tensor) in x * x * y }, argnums: [0, 1])(2.0, 3.0)
///     // [tensor(12.), tensor(4.)]
@_disfavoredOverload
public func grad<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: [Int],
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> [Tensor] {
  gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func gradOfPack<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: [Int],
  fileID: StaticString, line: UInt
) -> (repeat each A) -> [Tensor] {
  let both = valueAndGrad(function, argnums: argnums, fileID: fileID, line: line)
  return { (a: repeat each A) in both(repeat each a).1 }
}
