import Kobai
import KobaiTensor

/// How an optimizer of PyTorch is made with Kobai.
public struct OptimizerRegistry: Sendable {
  /// What an optimizer is made of: groups and the arguments of the constructor.
  public typealias Factory = @Sendable ([ParameterGroup], Arguments) throws -> Optimizer

  public private(set) var factories: [String: Factory] = [:]

  public init() {}

  /// An optimizer by PyTorch's name.
  public mutating func add(_ name: String, _ make: @escaping Factory) { factories[name] = make }
}

extension Arguments {
  /// A pair of numbers.
  fileprivate func pair(_ name: String, _ fallback: (Double, Double)) throws -> (Double, Double) {
    guard let values = try optionalDoubles(name) else { return fallback }
    guard values.count == 2 else {
      throw ArgumentTypeMismatch("the parameter \(name) is a pair of numbers")
    }
    return (values[0], values[1])
  }

  fileprivate func rate(_ fallback: Double) throws -> Tensor {
    try optionalOperand("lr") ?? Tensor(weak: fallback)
  }

  fileprivate func flag(_ name: String) throws -> Bool { try bool(name, default: false) }
}

extension OptimizerRegistry {
  /// All optimizers that Kobai has.
  public static let standard: OptimizerRegistry = {
    var registry = OptimizerRegistry()
    registry.add("SGD") { groups, a in
      SGD(
        groups, lr: try a.rate(1e-3), momentum: try a.double("momentum", default: 0),
        dampening: try a.double("dampening", default: 0),
        weightDecay: try a.double("weight_decay", default: 0), nesterov: try a.flag("nesterov"),
        maximize: try a.flag("maximize"), foreach: try a.optionalBool("foreach"),
        fused: try a.optionalBool("fused"), differentiable: try a.flag("differentiable"))
    }
    registry.add("Adam") { groups, a in
      Adam(
        groups, lr: try a.rate(1e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 0), amsgrad: try a.flag("amsgrad"),
        maximize: try a.flag("maximize"),
        decoupledWeightDecay: try a.flag("decoupled_weight_decay"),
        foreach: try a.optionalBool("foreach"), fused: try a.optionalBool("fused"),
        capturable: try a.flag("capturable"), differentiable: try a.flag("differentiable"))
    }
    registry.add("AdamW") { groups, a in
      AdamW(
        groups, lr: try a.rate(1e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 1e-2), amsgrad: try a.flag("amsgrad"),
        maximize: try a.flag("maximize"), foreach: try a.optionalBool("foreach"),
        fused: try a.optionalBool("fused"), capturable: try a.flag("capturable"),
        differentiable: try a.flag("differentiable"))
    }
    registry.add("RMSprop") { groups, a in
      RMSprop(
        groups, lr: try a.rate(1e-2), alpha: try a.double("alpha", default: 0.99),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 0),
        momentum: try a.double("momentum", default: 0), centered: try a.flag("centered"),
        maximize: try a.flag("maximize"), foreach: try a.optionalBool("foreach"),
        capturable: try a.flag("capturable"), differentiable: try a.flag("differentiable"))
    }
    registry.add("Adadelta") { groups, a in
      Adadelta(
        groups, lr: try a.rate(1), rho: try a.double("rho", default: 0.9),
        eps: try a.double("eps", default: 1e-6),
        weightDecay: try a.double("weight_decay", default: 0), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"), capturable: try a.flag("capturable"),
        differentiable: try a.flag("differentiable"))
    }
    registry.add("Adagrad") { groups, a in
      Adagrad(
        groups, lr: try a.rate(1e-2), lrDecay: try a.double("lr_decay", default: 0),
        weightDecay: try a.double("weight_decay", default: 0),
        initialAccumulatorValue: try a.double("initial_accumulator_value", default: 0),
        eps: try a.double("eps", default: 1e-10), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"), fused: try a.optionalBool("fused"),
        differentiable: try a.flag("differentiable"))
    }
    registry.add("Adamax") { groups, a in
      Adamax(
        groups, lr: try a.rate(2e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 0), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"), capturable: try a.flag("capturable"),
        differentiable: try a.flag("differentiable"))
    }
    registry.add("NAdam") { groups, a in
      NAdam(
        groups, lr: try a.rate(2e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 0),
        momentumDecay: try a.double("momentum_decay", default: 4e-3),
        decoupledWeightDecay: try a.flag("decoupled_weight_decay"),
        maximize: try a.flag("maximize"), foreach: try a.optionalBool("foreach"),
        capturable: try a.flag("capturable"), differentiable: try a.flag("differentiable"))
    }
    registry.add("RAdam") { groups, a in
      RAdam(
        groups, lr: try a.rate(1e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8),
        weightDecay: try a.double("weight_decay", default: 0),
        decoupledWeightDecay: try a.flag("decoupled_weight_decay"),
        maximize: try a.flag("maximize"), foreach: try a.optionalBool("foreach"),
        capturable: try a.flag("capturable"), differentiable: try a.flag("differentiable"))
    }
    registry.add("Rprop") { groups, a in
      Rprop(
        groups, lr: try a.rate(1e-2), etas: try a.pair("etas", (0.5, 1.2)),
        stepSizes: try a.pair("step_sizes", (1e-6, 50)), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"), capturable: try a.flag("capturable"),
        differentiable: try a.flag("differentiable"))
    }
    registry.add("ASGD") { groups, a in
      ASGD(
        groups, lr: try a.rate(1e-2), lambd: try a.double("lambd", default: 1e-4),
        alpha: try a.double("alpha", default: 0.75), t0: try a.double("t0", default: 1e6),
        weightDecay: try a.double("weight_decay", default: 0), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"), capturable: try a.flag("capturable"),
        differentiable: try a.flag("differentiable"))
    }
    return registry
  }()
}
