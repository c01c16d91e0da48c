import KobaiTensor

/// Runs cases, each on its own: what one does wrong does not reach the next.
public struct Runner {
  private let suite: Suite
  /// By kind of case. A kind without a runner is unsupported.
  private let runners: [String: any CaseRunner]

  public init(_ suite: Suite, runners: [String: any CaseRunner] = Runner.standard) {
    self.suite = suite
    self.runners = runners
  }

  /// What can be run.
  public static var standard: [String: any CaseRunner] {
    let calls = CallRunner(.standard)
    let modules = ModuleRunner(.standard)
    let optimizers = OptimizerRunner(.standard)
    return [
      "op": calls, "op_error": calls, "module": modules, "module_error": modules,
      "optimizer": optimizers, "optimizer_error": optimizers, "scheduler": SchedulerRunner(),
      "clip_grad_norm": ClipGradNormRunner(),
    ]
  }

  public func run(_ item: Case) -> Outcome {
    if case .unreadable(let reason) = item.body { return .failed("malformed case: \(reason)") }
    guard let runner = runners[item.kind] else { return .unsupported("kind \(item.kind)") }
    do {
      try runner.run(item, in: suite)
      return .passed
    } catch let error as Unsupported {
      return .unsupported(error.reason)
    } catch let error as NotApplicable {
      return .notApplicable(error.reason)
    } catch let error as ArgumentTypeMismatch {
      return .unsupported(error.reason)
    } catch let error as Misuse {
      return .failed("refused: \(error.message)")
    } catch {
      return .failed("\(error)")
    }
  }
}
