import KobaiOperators
import KobaiTensor

/// A pure function from gradients to updates, with a state: Optax's building block.
///
///     let optimizer = chain(clipByGlobalNorm(1), adam(1e-3))
///     var state = optimizer.initialize(parameters)
///     let gradient = grad(loss)(parameters, x, y)
///     let (updates, next) = optimizer.update(gradient, state, parameters)
///     parameters = applyUpdates(parameters, updates)
///     state = next
///
/// States are trees of tensors (step counts too), so a whole step is differentiated, batched and compiled
/// like any other function.
public struct GradientTransformation {
  /// What a transformation remembers, as flat tensors; see `OptimizerTree`.
  let begin: ([Tensor]) -> [Tensor]
  let apply:
    (_ updates: [Tensor], _ state: [Tensor], _ parameters: [Tensor]) -> ([Tensor], [Tensor])

  /// A transformation of flat tensors.
  ///
  /// - Parameters:
  ///   - initialize: the first state from the parameters.
  ///   - update: from (updates, state, parameters) to (updates, state).
  public init(
    initialize: @escaping ([Tensor]) -> [Tensor],
    update: @escaping ([Tensor], [Tensor], [Tensor]) -> ([Tensor], [Tensor])
  ) {
    begin = initialize
    apply = update
  }

  /// The first state for these parameters.
  public func initialize(_ parameters: some Tree) -> [Tensor] {
    begin(parameters.tensors.map { $0.detach() })
  }

  /// The updates to add to the parameters, and the next state.
  public func update<P: Tree>(
    _ gradient: P, _ state: [Tensor], _ parameters: P
  ) -> (updates: P, state: [Tensor]) {
    let (updates, next) = apply(gradient.tensors, state, parameters.tensors)
    return (gradient.replacingTensors(updates), next)
  }
}

/// The parameters with the updates added.
public func applyUpdates<P: Tree>(_ parameters: P, _ updates: P) -> P {
  parameters.mapTensors(updates) { $0 + $1 }
}

/// Transformations one after the other: each takes the updates of the one before.
///
///     chain(clipByGlobalNorm(1), scale(-0.1))
public func chain(_ transformations: GradientTransformation...) -> GradientTransformation {
  // The lengths of the states are known once they have been made; they depend on the parameters alone.
  GradientTransformation(
    initialize: { parameters in transformations.flatMap { $0.begin(parameters) } },
    update: { updates, state, parameters in
      var (updates, rest, next) = (updates, state[...], [Tensor]())
      for transformation in transformations {
        let count = transformation.begin(parameters).count
        let (new, own) = transformation.apply(updates, Array(rest.prefix(count)), parameters)
        rest = rest.dropFirst(count)
        updates = new
        next += own
      }
      return (updates, next)
    })
}

/// A transformation without a state.
func stateless(
  _ update: @escaping (_ updates: [Tensor], _ parameters: [Tensor]) -> [Tensor]
) -> GradientTransformation {
  GradientTransformation(
    initialize: { _ in [] }, update: { updates, _, parameters in (update(updates, parameters), []) }
  )
}

/// Multiplies by a number.
public func scale(_ factor: Double) -> GradientTransformation {
  stateless { updates, _ in updates.map { $0 * factor } }
}

/// Multiplies by a number that depends on how many steps were made, an int64 tensor.
///
///     scaleBySchedule { step in -0.1 * (-0.01 * step.to(.float32)).exp() }
public func scaleBySchedule(_ schedule: @escaping (Tensor) -> Tensor) -> GradientTransformation {
  GradientTransformation(
    initialize: { _ in [Tensor.zeros([], dtype: .int64)] },
    update: { updates, state, _ in
      let factor = schedule(state[0])
      return (updates.map { $0 * factor.to($0.dtype) }, [state[0] + 1])
    })
}

/// Limits each element to −limit … limit.
public func clip(_ limit: Double) -> GradientTransformation {
  stateless { updates, _ in updates.map { $0.clamp(min: -limit, max: limit) } }
}

/// Scales all updates down together where their Euclidean norm exceeds `limit`.
public func clipByGlobalNorm(_ limit: Double) -> GradientTransformation {
  stateless { updates, _ in
    guard let first = updates.first else { return [] }
    let squares = updates.map { ($0 * $0).sum().to(first.dtype) }
    let norm = squares.dropFirst().reduce(squares[0]) { $0 + $1 }.sqrt()
    return updates.map { update in
      let own = norm.to(update.dtype)
      return Tensor.where(own < limit, update, update / own * limit)
    }
  }
}

/// Adds `factor` times the parameters: decoupled weight decay.
public func addDecayedWeights(_ factor: Double) -> GradientTransformation {
  stateless { updates, parameters in zip(updates, parameters).map { $0 + $1 * factor } }
}

/// A decaying sum of past updates: momentum.
public func trace(decay: Double, nesterov: Bool = false) -> GradientTransformation {
  GradientTransformation(
    initialize: { $0.map { Tensor.zeros(like: $0) } },
    update: { updates, state, _ in
      let next = zip(updates, state).map { $0 + $1 * decay }
      return (nesterov ? zip(updates, next).map { $0 + $1 * decay } : next, next)
    })
}

/// Divides by the square root of a running mean of squares, and takes a running mean of the updates: Adam.
///
/// Kingma and Ba, 2015; bias is corrected as there.
public func scaleByAdam(
  beta1: Double = 0.9, beta2: Double = 0.999, eps: Double = 1e-8
) -> GradientTransformation {
  GradientTransformation(
    initialize: { parameters in
      [Tensor.zeros([], dtype: .int64)] + parameters.map { Tensor.zeros(like: $0) }
        + parameters.map { Tensor.zeros(like: $0) }
    },
    update: { updates, state, _ in
      let count = state[0] + 1
      let n = updates.count
      let first = zip(updates, state[1...]).map { g, m in m * beta1 + g * (1 - beta1) }
      let second = zip(updates, state[(1 + n)...]).map { g, v in v * beta2 + g * g * (1 - beta2) }
      let result = zip(first, second).map { m, v in
        let t = count.to(m.dtype)
        let correction1 = 1 - Tensor(beta1, dtype: m.dtype) ** t
        let correction2 = 1 - Tensor(beta2, dtype: m.dtype) ** t
        return m / correction1 / ((v / correction2).sqrt() + eps)
      }
      return (result, [count] + first + second)
    })
}

/// Divides by the square root of a decaying mean of squares: RMSProp.
public func scaleByRMS(decay: Double = 0.9, eps: Double = 1e-8) -> GradientTransformation {
  GradientTransformation(
    initialize: { $0.map { Tensor.zeros(like: $0) } },
    update: { updates, state, _ in
      let next = zip(updates, state).map { g, v in v * decay + g * g * (1 - decay) }
      return (zip(updates, next).map { $0 / ($1 + eps).sqrt() }, next)
    })
}

/// Plain gradient descent, with momentum if given.
public func sgd(
  _ learningRate: Double, momentum: Double? = nil, nesterov: Bool = false
) -> GradientTransformation {
  guard let momentum else { return scale(-learningRate) }
  return chain(trace(decay: momentum, nesterov: nesterov), scale(-learningRate))
}

/// Adam.
public func adam(
  _ learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, eps: Double = 1e-8
) -> GradientTransformation {
  chain(scaleByAdam(beta1: beta1, beta2: beta2, eps: eps), scale(-learningRate))
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
public func adamw(
  _ learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, eps: Double = 1e-8,
  weightDecay: Double = 1e-4
) -> GradientTransformation {
  chain(
    scaleByAdam(beta1: beta1, beta2: beta2, eps: eps), addDecayedWeights(weightDecay),
    scale(-learningRate))
}

/// RMSProp.
public func rmsprop(
  _ learningRate: Double, decay: Double = 0.9, eps: Double = 1e-8
) -> GradientTransformation {
  chain(scaleByRMS(decay: decay, eps: eps), scale(-learningRate))
}
