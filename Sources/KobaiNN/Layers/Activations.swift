import KobaiOperators
import KobaiTensor

// Activations without arguments.

/// max(0, x).
public final class ReLU: Module {
  public func forward(_ x: Tensor) -> Tensor { x.relu() }
}

/// min(max(0, x), 6).
public final class ReLU6: Module {
  public func forward(_ x: Tensor) -> Tensor { x.relu6() }
}

/// A scaled exponential linear unit that keeps mean and variance (Klambauer et al. 2017).
public final class SELU: Module {
  public func forward(_ x: Tensor) -> Tensor { x.selu() }
}

/// x · sigmoid(x), also called swish.
public final class SiLU: Module {
  public func forward(_ x: Tensor) -> Tensor { x.silu() }
}

/// x · tanh(softplus(x)) (Misra 2019).
public final class Mish: Module {
  public func forward(_ x: Tensor) -> Tensor { x.mish() }
}

/// 1 / (1 + e⁻ˣ).
public final class Sigmoid: Module {
  public func forward(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// The hyperbolic tangent.
public final class Tanh: Module {
  public func forward(_ x: Tensor) -> Tensor { x.tanh() }
}

/// log(1 / (1 + e⁻ˣ)).
public final class LogSigmoid: Module {
  public func forward(_ x: Tensor) -> Tensor { x.logSigmoid() }
}

/// x / (1 + |x|).
public final class Softsign: Module {
  public func forward(_ x: Tensor) -> Tensor { x.softsign() }
}

/// x − tanh(x).
public final class Tanhshrink: Module {
  public func forward(_ x: Tensor) -> Tensor { x.tanhshrink() }
}

/// 0 below −3, 1 above 3, x / 6 + 1/2 between.
public final class Hardsigmoid: Module {
  public func forward(_ x: Tensor) -> Tensor { x.hardsigmoid() }
}

/// x · hardsigmoid(x) (Howard et al. 2019).
public final class Hardswish: Module {
  public func forward(_ x: Tensor) -> Tensor { x.hardswish() }
}
