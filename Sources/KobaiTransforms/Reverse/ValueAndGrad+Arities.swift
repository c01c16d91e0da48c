import KobaiTensor

// valueAndGrad for functions of up to four arguments; see Gradient+Arities.swift.

/// Of one argument; see ``valueAndGrad(_:fileID:line:)``.
public func valueAndGrad<A: Tree>(
  _ function: @escaping (A) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A) -> (Tensor, A) {
  let transformed: (A) -> (Tensor, A) = valueAndGradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``valueAndGrad(_:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B) -> (Tensor, A) {
  let transformed: (A, B) -> (Tensor, A) = valueAndGradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``valueAndGrad(_:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C) -> (Tensor, A) {
  let transformed: (A, B, C) -> (Tensor, A) = valueAndGradOfPack(
    function, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``valueAndGrad(_:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> (Tensor, A) {
  let transformed: (A, B, C, D) -> (Tensor, A) = valueAndGradOfPack(
    function, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``valueAndGrad(_:hasAux:fileID:line:)``.
public func valueAndGrad<A: Tree, Aux>(
  _ function: @escaping (A) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> ((Tensor, Aux), A) {
  let transformed: (A) -> ((Tensor, Aux), A) = valueAndGradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``valueAndGrad(_:hasAux:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, Aux>(
  _ function: @escaping (A, B) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> ((Tensor, Aux), A) {
  let transformed: (A, B) -> ((Tensor, Aux), A) = valueAndGradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``valueAndGrad(_:hasAux:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree, Aux>(
  _ function: @escaping (A, B, C) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> ((Tensor, Aux), A) {
  let transformed: (A, B, C) -> ((Tensor, Aux), A) = valueAndGradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``valueAndGrad(_:hasAux:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree, D: Tree, Aux>(
  _ function: @escaping (A, B, C, D) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> ((Tensor, Aux), A) {
  let transformed: (A, B, C, D) -> ((Tensor, Aux), A) = valueAndGradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: AllArguments, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (Tensor, (A, B)) {
  let transformed: (A, B) -> (Tensor, (A, B)) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: AllArguments, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (Tensor, (A, B, C)) {
  let transformed: (A, B, C) -> (Tensor, (A, B, C)) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: AllArguments,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> (Tensor, (A, B, C, D)) {
  let transformed: (A, B, C, D) -> (Tensor, (A, B, C, D)) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree>(
  _ function: @escaping (A) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> (Tensor, [Tensor]) {
  let transformed: (A) -> (Tensor, [Tensor]) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (Tensor, [Tensor]) {
  let transformed: (A, B) -> (Tensor, [Tensor]) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (Tensor, [Tensor]) {
  let transformed: (A, B, C) -> (Tensor, [Tensor]) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``valueAndGrad(_:argnums:fileID:line:)``.
public func valueAndGrad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> (Tensor, [Tensor]) {
  let transformed: (A, B, C, D) -> (Tensor, [Tensor]) = valueAndGradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}
