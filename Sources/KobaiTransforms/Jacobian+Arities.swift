import KobaiTensor

// jacobian and hessian for functions of up to four arguments; see Gradient+Arities.swift.

/// Of one argument; see ``jacobian(_:mode:fileID:line:)``.
public func jacobian<A: Tree>(
  _ function: @escaping (A) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A) -> A {
  let transformed: (A) -> A = jacobianOfPack(function, mode: mode, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``jacobian(_:mode:fileID:line:)``.
public func jacobian<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B) -> A {
  let transformed: (A, B) -> A = jacobianOfPack(function, mode: mode, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``jacobian(_:mode:fileID:line:)``.
public func jacobian<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C) -> A {
  let transformed: (A, B, C) -> A = jacobianOfPack(function, mode: mode, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``jacobian(_:mode:fileID:line:)``.
public func jacobian<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, mode: DerivativeMode = .automatic,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> A {
  let transformed: (A, B, C, D) -> A = jacobianOfPack(
    function, mode: mode, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``hessian(_:fileID:line:)``.
public func hessian<A: Tree>(
  _ function: @escaping (A) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A) -> [[Tensor]] {
  let transformed: (A) -> [[Tensor]] = hessianOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``hessian(_:fileID:line:)``.
public func hessian<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B) -> [[Tensor]] {
  let transformed: (A, B) -> [[Tensor]] = hessianOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``hessian(_:fileID:line:)``.
public func hessian<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C) -> [[Tensor]] {
  let transformed: (A, B, C) -> [[Tensor]] = hessianOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``hessian(_:fileID:line:)``.
public func hessian<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> [[Tensor]] {
  let transformed: (A, B, C, D) -> [[Tensor]] = hessianOfPack(function, fileID: fileID, line: line)
  return transformed
}
