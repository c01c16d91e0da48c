import KobaiTensor

// grad for functions of up to four arguments. Swift calls the result of a function with a parameter pack only
// once it has a name (`let g = grad(f)`); these forms can be called at once: `grad(f)(x, y)`.

/// Of one argument; see ``grad(_:fileID:line:)``.
public func grad<A: Tree>(
  _ function: @escaping (A) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A) -> A {
  let transformed: (A) -> A = gradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:fileID:line:)``.
public func grad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B) -> A {
  let transformed: (A, B) -> A = gradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C) -> A {
  let transformed: (A, B, C) -> A = gradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> A {
  let transformed: (A, B, C, D) -> A = gradOfPack(function, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``grad(_:hasAux:fileID:line:)``.
public func grad<A: Tree, Aux>(
  _ function: @escaping (A) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> (A, Aux) {
  let transformed: (A) -> (A, Aux) = gradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:hasAux:fileID:line:)``.
public func grad<A: Tree, B: Tree, Aux>(
  _ function: @escaping (A, B) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (A, Aux) {
  let transformed: (A, B) -> (A, Aux) = gradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:hasAux:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, Aux>(
  _ function: @escaping (A, B, C) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (A, Aux) {
  let transformed: (A, B, C) -> (A, Aux) = gradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:hasAux:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree, Aux>(
  _ function: @escaping (A, B, C, D) -> (Tensor, Aux), hasAux: Bool, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> (A, Aux) {
  let transformed: (A, B, C, D) -> (A, Aux) = gradOfPack(
    function, hasAux: hasAux, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: AllArguments, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (A, B) {
  let transformed: (A, B) -> (A, B) = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: AllArguments, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (A, B, C) {
  let transformed: (A, B, C) -> (A, B, C) = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: AllArguments,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> (A, B, C, D) {
  let transformed: (A, B, C, D) -> (A, B, C, D) = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: SecondArgument, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> B {
  let transformed: (A, B) -> B = gradOfPack(function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: SecondArgument,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C) -> B {
  let transformed: (A, B, C) -> B = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: SecondArgument,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> B {
  let transformed: (A, B, C, D) -> B = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: ThirdArgument, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> C {
  let transformed: (A, B, C) -> C = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: ThirdArgument,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B, C, D) -> C {
  let transformed: (A, B, C, D) -> C = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree>(
  _ function: @escaping (A) -> Tensor, argnums: Int, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> Tensor {
  let transformed: (A) -> Tensor = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: Int, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> Tensor {
  let transformed: (A, B) -> Tensor = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: Int, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> Tensor {
  let transformed: (A, B, C) -> Tensor = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: Int, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> Tensor {
  let transformed: (A, B, C, D) -> Tensor = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree>(
  _ function: @escaping (A) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> [Tensor] {
  let transformed: (A) -> [Tensor] = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree>(
  _ function: @escaping (A, B) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> [Tensor] {
  let transformed: (A, B) -> [Tensor] = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree>(
  _ function: @escaping (A, B, C) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> [Tensor] {
  let transformed: (A, B, C) -> [Tensor] = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``grad(_:argnums:fileID:line:)``.
public func grad<A: Tree, B: Tree, C: Tree, D: Tree>(
  _ function: @escaping (A, B, C, D) -> Tensor, argnums: [Int], fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> [Tensor] {
  let transformed: (A, B, C, D) -> [Tensor] = gradOfPack(
    function, argnums: argnums, fileID: fileID, line: line)
  return transformed
}
