import Kobai
import KobaiTensor

/// `scheduler`: the rates that SGD has at each step.
public struct SchedulerRunner: CaseRunner {
  private typealias Factory = @Sendable (Optimizer, Arguments) throws -> LRScheduler

  public init() {}

  public func run(_ item: Case, in suite: Suite) throws {
    guard case .scheduler(let wanted) = item.body else { throw Unsupported("kind \(item.kind)") }
    guard let make = Self.factories[wanted.scheduler] else {
      throw Unsupported("no scheduler \(wanted.scheduler)")
    }
    let arguments = Arguments(
      [], wanted.kwargs, parameters: [], session: Session(try suite.tensors(of: item)))
    try recovering {
      let parameter = Tensor.zeros([1]).asState(requiresGrad: true)
      let optimizer = SGD([parameter], lr: wanted.initialRate)
      let scheduler: LRScheduler
      do {
        scheduler = try make(optimizer, arguments)
      } catch let error as ArgumentTypeMismatch {
        throw Unsupported(error.reason)
      }
      let leftover = arguments.leftover
      guard leftover.isEmpty else {
        throw Unsupported("\(wanted.scheduler): argument \(leftover.joined(separator: ", "))")
      }
      for (i, want) in wanted.rates.enumerated() {
        guard abs(optimizer.lr - want) <= 1e-9 else {
          throw Mismatch("the rate at step \(i): got \(optimizer.lr), want \(want)")
        }
        optimizer.step()
        if let plateau = scheduler as? ReduceLROnPlateau, let metrics = wanted.metrics {
          plateau.step(metrics[i])
        } else {
          scheduler.step()
        }
      }
    }
  }

  private static let factories: [String: Factory] = [
    "StepLR": { optimizer, a in
      StepLR(
        optimizer, stepSize: try a.int("step_size"), gamma: try a.double("gamma", default: 0.1))
    },
    "MultiStepLR": { optimizer, a in
      MultiStepLR(
        optimizer, milestones: try a.ints("milestones"), gamma: try a.double("gamma", default: 0.1))
    },
    "ConstantLR": { optimizer, a in
      ConstantLR(
        optimizer, factor: try a.double("factor", default: 1.0 / 3),
        totalIters: try a.int("total_iters", default: 5))
    },
    "LinearLR": { optimizer, a in
      LinearLR(
        optimizer, startFactor: try a.double("start_factor", default: 1.0 / 3),
        endFactor: try a.double("end_factor", default: 1),
        totalIters: try a.int("total_iters", default: 5))
    },
    "ExponentialLR": { optimizer, a in ExponentialLR(optimizer, gamma: try a.double("gamma")) },
    "CosineAnnealingLR": { optimizer, a in
      CosineAnnealingLR(
        optimizer, tMax: try a.int("T_max"), etaMin: try a.double("eta_min", default: 0))
    },
    "PolynomialLR": { optimizer, a in
      PolynomialLR(
        optimizer, totalIters: try a.int("total_iters", default: 5),
        power: try a.double("power", default: 1))
    },
    "CosineAnnealingWarmRestarts": { optimizer, a in
      CosineAnnealingWarmRestarts(
        optimizer, t0: try a.int("T_0"), tMult: try a.int("T_mult", default: 1),
        etaMin: try a.double("eta_min", default: 0))
    },
    "CyclicLR": { optimizer, a in
      CyclicLR(
        optimizer, baseLR: try a.double("base_lr"), maxLR: try a.double("max_lr"),
        stepSizeUp: try a.int("step_size_up", default: 2000),
        stepSizeDown: try a.optionalInt("step_size_down"),
        mode: try a.option(
          "mode", default: .triangular,
          ["triangular": .triangular, "triangular2": .triangular2, "exp_range": .expRange]),
        gamma: try a.double("gamma", default: 1),
        cycleMomentum: try a.bool("cycle_momentum", default: true))
    },
    "OneCycleLR": { optimizer, a in
      OneCycleLR(
        optimizer, maxLR: try a.double("max_lr"), totalSteps: try a.int("total_steps"),
        pctStart: try a.double("pct_start", default: 0.3),
        annealStrategy: try a.option(
          "anneal_strategy", default: .cos, ["cos": .cos, "linear": .linear]),
        cycleMomentum: try a.bool("cycle_momentum", default: true),
        divFactor: try a.double("div_factor", default: 25),
        finalDivFactor: try a.double("final_div_factor", default: 1e4),
        threePhase: try a.bool("three_phase", default: false))
    },
    "ReduceLROnPlateau": { optimizer, a in
      ReduceLROnPlateau(
        optimizer, mode: try a.option("mode", default: .min, ["min": .min, "max": .max]),
        factor: try a.double("factor", default: 0.1), patience: try a.int("patience", default: 10),
        threshold: try a.double("threshold", default: 1e-4),
        thresholdMode: try a.option(
          "threshold_mode", default: .rel, ["rel": .rel, "abs": .abs]),
        cooldown: try a.int("cooldown", default: 0),
        minLR: try a.optionalDoubles("min_lr") ?? [0], eps: try a.double("eps", default: 1e-8))
    },
  ]
}

/// `clip_grad_norm`.
public struct ClipGradNormRunner: CaseRunner {
  public init() {}

  public func run(_ item: Case, in suite: Suite) throws {
    guard case .clipGradNorm(let wanted) = item.body else {
      throw Unsupported("kind \(item.kind)")
    }
    let session = Session(try suite.tensors(of: item))
    let arguments = Arguments([], wanted.kwargs, parameters: [], session: session)
    try recovering {
      let grads = try wanted.grads.map(session.tensor)
      let parameters = grads.map { grad in
        let parameter = Tensor.zeros(grad.shape, dtype: grad.dtype).asState(requiresGrad: true)
        parameter.grad = grad
        return parameter
      }
      let norm = clipGradNorm(
        parameters, maxNorm: try arguments.double("max_norm"),
        normType: try arguments.double("norm_type", default: 2),
        errorIfNonfinite: try arguments.bool("error_if_nonfinite", default: false))
      let leftover = arguments.leftover
      guard leftover.isEmpty else {
        throw Unsupported("argument \(leftover.joined(separator: ", "))")
      }
      let exact = Tolerance(relative: 0, absolute: 0)
      try Comparison.close(
        HostTensor(norm), session.host(wanted.totalNorm), wanted.totalNorm.tolerance ?? exact,
        "total norm")
      for (i, (parameter, want)) in zip(parameters, wanted.expect).enumerated() {
        guard let grad = parameter.grad else { throw Mismatch("gradient \(i) is gone") }
        try Comparison.close(
          HostTensor(grad), session.host(want), want.tolerance ?? exact, "gradient \(i)")
      }
    }
  }
}
