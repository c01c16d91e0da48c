import KobaiTensor

/// An optimizer whose step is one fused pass over the parameters of a group, their gradients and states.
///
/// Half types are computed in float32 and rounded when they are stored; complex parameters are pairs of
/// reals.
public class ElementwiseOptimizer: Optimizer {
  /// A state that is kept for each parameter.
  struct Kept {
    var name: String
    /// The first value; nil is zeros like the parameter.
    var initial: ((State) -> Value)?

    init(_ name: String, _ initial: ((State) -> Value)? = nil) {
      self.name = name
      self.initial = initial
    }

    /// A rank-0 float32 value.
    static func count(_ name: String, _ number: Double = 0) -> Kept {
      Kept(name) { _ in .number(number) }
    }

    /// Every element, and every part of a complex element, has this value.
    static func filled(_ name: String, _ number: Double) -> Kept {
      Kept(name) { parameter in
        let like = parameter.value
        let parts = like.shape + (like.dtype.isComplex ? [2] : [])
        let real = Value.make(.float64, parts) { out in
          let elements = out.assumingMemoryBound(to: Double.self)
          for i in 0..<parts.reduce(1, *) { elements[i] = number }
        }
        guard like.dtype.isComplex else { return real.cast(to: like.dtype) }
        return real.cast(to: like.dtype.real).withElements { pointer, _ in
          Value.make(like.dtype, like.shape) { out in
            out.copyMemory(from: pointer, byteCount: like.count * like.dtype.size)
          }
        }
      }
    }
  }

  /// What a group's step is, and what it keeps: the rule's counts, then its buffers.
  struct Recipe {
    var rule: any UpdateRule
    var counts: [Kept]
    var buffers: [Kept]
  }

  /// The states of each parameter in the order of its rule, found once.
  private var recipes: [ObjectIdentifier: (revision: Int, recipe: Recipe)] = [:]
  private var gathered: [ObjectIdentifier: [State]] = [:]

  /// The step of a group whose options are these.
  func recipe(for group: ParameterGroup) -> Recipe {
    fatalError("an ElementwiseOptimizer declares its recipe")
  }

  public override func update(_ group: ParameterGroup) {
    let recipe = currentRecipe(for: group)
    var states: [State] = []
    var operands = [group.numbers]
    for parameter in group.states {
      guard let grad = parameter.grad else { continue }
      operands.append(grad)
      states += gather(parameter, recipe)
    }
    if !states.isEmpty { run(recipe.rule, states, operands) }
  }

  private func run(_ rule: some UpdateRule, _ states: [State], _ operands: [Tensor]) {
    KobaiTensor.update(states, by: rule, with: operands)
  }

  private func currentRecipe(for group: ParameterGroup) -> Recipe {
    let key = ObjectIdentifier(group)
    if let known = recipes[key], known.revision == group.revision { return known.recipe }
    let new = recipe(for: group)
    recipes[key] = (group.revision, new)
    // Other options may keep other states.
    gathered = [:]
    return new
  }

  private func gather(_ parameter: State, _ recipe: Recipe) -> [State] {
    let key = ObjectIdentifier(parameter)
    if let known = gathered[key] { return known }
    let kept = state(of: parameter)
    func find(_ wanted: Kept) -> State {
      kept.state(wanted.name) { wanted.initial?(parameter) ?? parameter.value.zeros }
    }
    let states = recipe.counts.map(find) + [parameter] + recipe.buffers.map(find)
    gathered[key] = states
    return states
  }

  /// What is kept once for a parameter, in all rules; everything else is kept for each of its elements.
  private static let countNames: Set<String> = ["step", "mu_product", "eta", "mu"]

  /// Counts are rank 0; buffers have the shape and, as in PyTorch, take the dtype of their parameter.
  override func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? {
    if Self.countNames.contains(key) {
      return value.rank == 0 && !value.dtype.isComplex ? value.to(.float32) : nil
    }
    return value.shape == parameter.value.shape ? value.to(parameter.dtype) : nil
  }

  override func stateWasLoaded() { gathered = [:] }
}
