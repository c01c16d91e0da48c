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

  /// Adafactor's two, of which the first may be None.
  fileprivate func adafactorEpsilon() throws -> (Double?, Double) {
    switch value("eps") {
    case nil, .null?: return (nil, 1e-3)
    case .tuple(let pair)? where pair.count == 2, .list(let pair)? where pair.count == 2:
      let numbers = pair.map { item -> Double? in
        if case .float(let number) = item { number } else { nil }
      }
      guard let second = numbers[1], pair[0] == .null || numbers[0] != nil else { break }
      return (numbers[0], second)
    default: break
    }
    throw ArgumentTypeMismatch("the parameter eps is of type (Double?, Double)")
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
    registry.add("LBFGS") { groups, a in
      LBFGS(
        groups, lr: try a.rate(1), maxIter: try a.int("max_iter", default: 20),
        maxEval: try a.optionalInt("max_eval"),
        toleranceGrad: try a.double("tolerance_grad", default: 1e-7),
        toleranceChange: try a.double("tolerance_change", default: 1e-9),
        historySize: try a.int("history_size", default: 100),
        lineSearch: try a.option(
          "line_search_fn", default: nil, ["strong_wolfe": LBFGS.LineSearch.strongWolfe]))
    }
    registry.add("Adafactor") { groups, a in
      Adafactor(
        groups, lr: try a.rate(1e-2), beta2Decay: try a.double("beta2_decay", default: -0.8),
        eps: try a.adafactorEpsilon(), d: try a.double("d", default: 1),
        weightDecay: try a.double("weight_decay", default: 0), maximize: try a.flag("maximize"),
        foreach: try a.optionalBool("foreach"))
    }
    registry.add("Muon") { groups, a in
      let coefficients = try a.optionalDoubles("ns_coefficients") ?? [3.4445, -4.7750, 2.0315]
      guard coefficients.count == 3 else {
        throw ArgumentTypeMismatch("the parameter ns_coefficients is a triple of numbers")
      }
      return Muon(
        groups, lr: try a.rate(1e-3), weightDecay: try a.double("weight_decay", default: 0.1),
        momentum: try a.double("momentum", default: 0.95),
        nesterov: try a.bool("nesterov", default: true),
        nsCoefficients: (coefficients[0], coefficients[1], coefficients[2]),
        eps: try a.double("eps", default: 1e-7), nsSteps: try a.int("ns_steps", default: 5),
        adjustLR: try a.option(
          "adjust_lr_fn", default: .original,
          ["original": .original, "match_rms_adamw": .matchRMSAdamW]))
    }
    registry.add("SparseAdam") { groups, a in
      SparseAdam(
        groups, lr: try a.rate(1e-3), betas: try a.pair("betas", (0.9, 0.999)),
        eps: try a.double("eps", default: 1e-8), maximize: try a.flag("maximize"))
    }
    return registry
  }()
}
