import KobaiTensor

// vmap for functions of up to four arguments; see Gradient+Arities.swift.

/// Of one argument; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, R: Tree>(
  _ function: @escaping (A) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0, axisSize: Int? = nil,
  randomness: Randomness = .error, fileID: StaticString = #fileID, line: UInt = #line
) -> (A) -> R {
  let transformed: (A) -> R = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, R: Tree>(
  _ function: @escaping (A, B) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0, axisSize: Int? = nil,
  randomness: Randomness = .error, fileID: StaticString = #fileID, line: UInt = #line
) -> (A, B) -> R {
  let transformed: (A, B) -> R = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, R: Tree>(
  _ function: @escaping (A, B, C) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> R {
  let transformed: (A, B, C) -> R = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, D: Tree, R: Tree>(
  _ function: @escaping (A, B, C, D) -> R, inAxes: [Int?]? = nil, outAxes: Int? = 0,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> R {
  let transformed: (A, B, C, D) -> R = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, R: Tree, S: Tree>(
  _ function: @escaping (A) -> (R, S), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> (R, S) {
  let transformed: (A) -> (R, S) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, R: Tree, S: Tree>(
  _ function: @escaping (A, B) -> (R, S), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (R, S) {
  let transformed: (A, B) -> (R, S) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, R: Tree, S: Tree>(
  _ function: @escaping (A, B, C) -> (R, S), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (R, S) {
  let transformed: (A, B, C) -> (R, S) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, D: Tree, R: Tree, S: Tree>(
  _ function: @escaping (A, B, C, D) -> (R, S), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> (R, S) {
  let transformed: (A, B, C, D) -> (R, S) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of one argument; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, R: Tree, S: Tree, T: Tree>(
  _ function: @escaping (A) -> (R, S, T), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A) -> (R, S, T) {
  let transformed: (A) -> (R, S, T) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of two arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, R: Tree, S: Tree, T: Tree>(
  _ function: @escaping (A, B) -> (R, S, T), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B) -> (R, S, T) {
  let transformed: (A, B) -> (R, S, T) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of three arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, R: Tree, S: Tree, T: Tree>(
  _ function: @escaping (A, B, C) -> (R, S, T), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C) -> (R, S, T) {
  let transformed: (A, B, C) -> (R, S, T) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}

/// Of four arguments; see ``vmap(_:inAxes:outAxes:axisSize:randomness:fileID:line:)``.
public func vmap<A: Tree, B: Tree, C: Tree, D: Tree, R: Tree, S: Tree, T: Tree>(
  _ function: @escaping (A, B, C, D) -> (R, S, T), inAxes: [Int?]? = nil, outAxes: [Int?]? = nil,
  axisSize: Int? = nil, randomness: Randomness = .error, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, B, C, D) -> (R, S, T) {
  let transformed: (A, B, C, D) -> (R, S, T) = vmapOfPack(
    function, inAxes: inAxes, outAxes: outAxes, axisSize: axisSize, randomness: randomness,
    fileID: fileID, line: line)
  return transformed
}
