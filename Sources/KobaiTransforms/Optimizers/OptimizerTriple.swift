import KobaiOperators
import KobaiTensor

/// An optimizer as three pure functions, as in JAX's `example_libraries.optimizers`:
///
///     let (optInit, optUpdate, getParams) = Optimizers.adam(1e-3).functions(like: parameters)
///     var state = optInit(parameters)
///     for step in 0..<1000 {
///       state = optUpdate(step, grad(loss)(getParams(state), x, y), state)
///     }
public struct Optimizers {
  let transformation: GradientTransformation

  /// The optimizer of any transformation, whose updates are added to the parameters.
  public init(_ transformation: GradientTransformation) { self.transformation = transformation }

  /// Gradient descent: x ← x − stepSize · g.
  public static func sgd(_ stepSize: Double) -> Optimizers {
    Optimizers(KobaiTransforms.sgd(stepSize))
  }
  /// Gradient descent with momentum: v ← mass · v + g, x ← x − stepSize · v.
  public static func momentum(_ stepSize: Double, mass: Double) -> Optimizers {
    Optimizers(KobaiTransforms.sgd(stepSize, momentum: mass))
  }
  /// Adam.
  public static func adam(
    _ stepSize: Double, b1: Double = 0.9, b2: Double = 0.999, eps: Double = 1e-8
  ) -> Optimizers {
    Optimizers(KobaiTransforms.adam(stepSize, beta1: b1, beta2: b2, eps: eps))
  }

  /// The parameters with what the optimizer remembers.
  public struct OptimizerState<P: Tree>: Tree {
    /// The parameters as they are now.
    public var parameters: P
    /// What the optimizer remembers of earlier steps.
    public var memory: [Tensor]
  }

  /// `optInit`, `optUpdate` and `getParams` for parameters of this structure.
  public func functions<P: Tree>(like _: P) -> (
    optInit: (P) -> OptimizerState<P>,
    optUpdate: (Int, P, OptimizerState<P>) -> OptimizerState<P>,
    getParams: (OptimizerState<P>) -> P
  ) {
    (
      { OptimizerState(parameters: $0, memory: transformation.initialize($0)) },
      { _, gradient, state in
        let (updates, memory) = transformation.update(gradient, state.memory, state.parameters)
        return OptimizerState(
          parameters: applyUpdates(state.parameters, updates), memory: memory)
      },
      { $0.parameters }
    )
  }
}
