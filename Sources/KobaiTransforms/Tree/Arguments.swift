import KobaiTensor

// The arguments and results of functions: parameter packs of trees. Packs are passed on as packs, never as
// tuples, which the compiler (Swift 6.3) cannot open again.

/// Several trees taken apart, one after the other.
package func flat<each T: Tree>(_ trees: repeat each T) -> FlatTree {
  var flat = FlatTree()
  repeat (each trees).flatten(into: &flat)
  return flat
}

/// The tensors of several trees, one after the other.
package func tensors<each T: Tree>(in trees: repeat each T) -> [Tensor] {
  flat(repeat each trees).tensors
}

/// The tensors of each tree.
package func groups<each T: Tree>(_ trees: repeat each T) -> [[Tensor]] {
  var groups: [[Tensor]] = []
  for tree in repeat each trees { groups.append(tree.tensors) }
  return groups
}

/// The trees with other tensors, in the same order.
package func rebuild<each T: Tree>(
  _ tensors: [Tensor], _ trees: repeat each T
) -> (repeat each T) {
  var leaves = Leaves(tensors)
  let result = (repeat (each trees).rebuilt(from: &leaves))
  leaves.finish()
  return result
}

/// Calls a function with trees in which other tensors stand.
package func call<each A: Tree, R>(
  _ function: (repeat each A) -> R, _ tensors: [Tensor], _ trees: repeat each A
) -> R {
  var leaves = Leaves(tensors)
  return function(repeat (each trees).rebuilt(from: &leaves))
}
