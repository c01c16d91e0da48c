import CKernels

// Where operations meet the transforms. A plain input without any transform active is evaluated, and
// recorded if it is tracked; all else takes the general road at the end of this file.

/// Applies a primitive to a tensor: evaluates it, records it for backward if the tensor is tracked, and
/// hands it to the transforms that are active.
///
///     bind(Primitives.Exp(), x)   // x.exp()
@inlinable
public func bind<P: UnaryPrimitive>(_ primitive: P, _ x: Tensor) -> Tensor {
  if x.value.meta.isPlain && kb_context_flags() & ~UInt32(KB_CONTEXT_NO_GRAD) == 0 {
    return bindPlain(primitive, x.value, x.node)
  }
  return bindSpecial(primitive, x)
}

/// The same of a primitive with two inputs.
@inlinable
public func bind<P: BinaryPrimitive>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor {
  if x.value.meta.isPlain && y.value.meta.isPlain
    && kb_context_flags() & ~UInt32(KB_CONTEXT_NO_GRAD) == 0
  {
    return bindPlain(primitive, x.value, x.node, y.value, y.node)
  }
  return bindSpecial(primitive, x, y)
}

/// Any number of inputs and outputs.
public func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
  bindGeneral(primitive, inputs)
}

@inlinable
func bindPlain<P: UnaryPrimitive>(_ primitive: P, _ x: Value, _ parent: Node?) -> Tensor {
  let y = primitive.evaluate(x)
  guard let parent, y.dtype.isDifferentiable,
    kb_context_flags() & UInt32(KB_CONTEXT_NO_GRAD) == 0
  else { return Tensor(y) }
  return Tensor(y, unaryNode(primitive, parent, x, y))
}

@inlinable
func unaryNode<P: UnaryPrimitive>(_ primitive: P, _ parent: Node, _ x: Value, _ y: Value) -> Node {
  let (level, depth) = (parent.level, parent.depth &+ 1)
  let parent = Unmanaged.passRetained(parent)
  switch primitive.residuals.mask & 5 {
  case 0: return UnaryNode0(primitive, level: level, depth: depth, parent)
  case 1: return UnaryNode1(primitive, level: level, depth: depth, parent, x)
  case 4: return UnaryNode1(primitive, level: level, depth: depth, parent, y)
  default: return UnaryNode2(primitive, level: level, depth: depth, parent, x, y)
  }
}

@inlinable
func bindPlain<P: BinaryPrimitive>(
  _ primitive: P, _ x: Value, _ xNode: Node?, _ y: Value, _ yNode: Node?
) -> Tensor {
  if let xNode, let yNode, xNode.level != yNode.level {
    return bindGeneral(primitive, [Tensor(x, xNode), Tensor(y, yNode)])[0]
  }
  let z = primitive.evaluate(x, y)
  guard xNode != nil || yNode != nil, z.dtype.isDifferentiable,
    kb_context_flags() & UInt32(KB_CONTEXT_NO_GRAD) == 0
  else { return Tensor(z) }
  return Tensor(z, binaryNode(primitive, x, xNode, y, yNode, z))
}

@inlinable
func binaryNode<P: BinaryPrimitive>(
  _ primitive: P, _ x: Value, _ xNode: Node?, _ y: Value, _ yNode: Node?, _ z: Value
) -> Node {
  var (level, depth): (Int32, Int32) = (0, 0)
  if let xNode { (level, depth) = (xNode.level, xNode.depth) }
  if let yNode { (level, depth) = (max(level, yNode.level), max(depth, yNode.depth)) }
  depth &+= 1
  let kept = keptMask(primitive, x: xNode != nil, y: yNode != nil)
  let (p0, p1) = (xNode.map(Unmanaged.passRetained), yNode.map(Unmanaged.passRetained))
  switch kept {
  case 0: return BinaryNode0(primitive, level: level, depth: depth, p0, p1)
  case 1: return BinaryNode1(primitive, level: level, depth: depth, p0, p1, x)
  case 2: return BinaryNode1(primitive, level: level, depth: depth, p0, p1, y)
  case 4: return BinaryNode1(primitive, level: level, depth: depth, p0, p1, z)
  case 3: return BinaryNode2(primitive, level: level, depth: depth, p0, p1, x, y)
  case 5: return BinaryNode2(primitive, level: level, depth: depth, p0, p1, x, z)
  case 6: return BinaryNode2(primitive, level: level, depth: depth, p0, p1, y, z)
  default: return BinaryNode3(primitive, level: level, depth: depth, p0, p1, x, y, z)
  }
}

/// A live state's current value is the common special input; others take the general road.
@inlinable @inline(never)
func bindSpecial<P: UnaryPrimitive>(_ primitive: P, _ x: Tensor) -> Tensor {
  let current = x.current
  if current.value.meta.isPlain && kb_context_flags() & ~UInt32(KB_CONTEXT_NO_GRAD) == 0 {
    return bindPlain(primitive, current.value, current.node)
  }
  return bindGeneral(primitive, [current])[0]
}

@inlinable @inline(never)
func bindSpecial<P: BinaryPrimitive>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor {
  let (cx, cy) = (x.current, y.current)
  if cx.value.meta.isPlain && cy.value.meta.isPlain
    && kb_context_flags() & ~UInt32(KB_CONTEXT_NO_GRAD) == 0
  {
    return bindPlain(primitive, cx.value, cx.node, cy.value, cy.node)
  }
  return bindGeneral(primitive, [cx, cy])[0]
}

@usableFromInline @inline(never)
func bindGeneral(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
  var inputs = inputs.map(\.current)
  let flags = kb_context_flags()

  if let poisoned = inputs.first(where: { $0.value.meta.has(Value.Meta.poison) }) {
    // The shape rules hold for checked inputs only, so the number of outputs is not known here: enough
    // for any caller that takes its results by number.
    let isSingle = primitive is any UnaryPrimitive || primitive is any BinaryPrimitive
    return misuse(
      poisoned.poisonMessage(type(of: primitive).name),
      else: Array(repeating: .poison, count: isSingle ? 1 : 16))
  }

  // The highest transform among the inputs; a trace also takes operations without any input of its own,
  // and vmap those that draw random numbers.
  var top: (any Interpreter)?
  var edgeLevels: (lowest: Int32, highest: Int32) = (.max, 0)
  for i in inputs.indices {
    inputs[i] = inputs[i].unboxed
    if let node = inputs[i].node {
      edgeLevels = (min(edgeLevels.lowest, node.level), max(edgeLevels.highest, node.level))
    }
    guard let tracer = inputs[i].value.tracer else { continue }
    let interpreter = tracer.interpreter
    if !interpreter.isActive {
      return misuse(
        "\(type(of: primitive).name): a tensor made inside \(interpreter.name) is used after its "
          + "closure has returned; return it from the closure instead",
        else: primitive.infer(inputs.map { TensorType($0.dtype, $0.shape) }).map { _ in .poison })
    }
    if interpreter.level > top?.level ?? 0 { top = interpreter }
  }
  if flags & UInt32(KB_CONTEXT_TRACING | KB_CONTEXT_BATCHING) != 0 {
    if primitive is any RandomPrimitive {
      if let innermost = Tracing.innermost, innermost.level > top?.level ?? 0 { top = innermost }
    } else if top == nil, inputs.isEmpty {
      top = Tracing.current
    }
  }
  // Edges of two levels: the higher one is recorded on top of what keeps the lower ones.
  if edgeLevels.lowest < edgeLevels.highest, Int(edgeLevels.highest) > top?.level ?? 0 {
    top = Reversal.at(level: Int(edgeLevels.highest))
  }

  var outputs: [Tensor]
  var parents = [Node?](repeating: nil, count: inputs.count)
  if let top {
    for i in inputs.indices {
      guard let node = inputs[i].node else { continue }
      if Int(node.level) < top.level {
        inputs[i] = top.lift(inputs[i])
      } else {
        parents[i] = node
        inputs[i].node = nil
      }
    }
    outputs = top.bind(primitive, inputs)
  } else {
    for i in inputs.indices { parents[i] = inputs[i].node }
    outputs = primitive.evaluate(inputs.map(\.value)).map { Tensor($0) }
    if flags & UInt32(KB_CONTEXT_ANOMALY) != 0 {
      Anomaly.checkForward(outputs, primitive, inputs: inputs)
    }
  }

  guard parents.contains(where: { $0 != nil }), flags & UInt32(KB_CONTEXT_NO_GRAD) == 0,
    outputs.contains(where: { $0.value.dtype.isDifferentiable })
  else { return top is Reversal ? outputs.map(\.unboxed) : outputs }
  let node = GeneralNode(
    primitive, parents, inputs: inputs.map(\.value), outputs: outputs.map(\.value))
  for i in outputs.indices where outputs[i].value.dtype.isDifferentiable {
    outputs[i].node = node.edge(to: i)
  }
  return outputs
}
