import KobaiTensor

extension Tracing {
  /// What came of running a closure inside a trace.
  struct Attempt<R> {
    let result: R
    /// Whether it made or assigned states, so that it cannot be undone.
    let touchesStates: Bool
  }

  /// Runs a closure inside the innermost trace. If it has touched no state, what it has traced is taken back.
  static func attempt<R>(_ body: () -> R) -> Attempt<R> {
    guard let trace = innermostTrace as? Trace else {
      return Attempt(result: body(), touchesStates: true)
    }
    let mark = trace.mark()
    let result = body()
    let touchesStates = trace.hasTouchedStates(since: mark)
    if !touchesStates { trace.takeBack(to: mark) }
    return Attempt(result: result, touchesStates: touchesStates)
  }
}

extension Trace {
  struct Mark {
    let steps: Int
    let writes: Int
  }

  func mark() -> Mark { Mark(steps: graph.steps.count, writes: writeCount) }

  func hasTouchedStates(since mark: Mark) -> Bool { writeCount != mark.writes }

  func takeBack(to mark: Mark) { graph.steps.removeLast(graph.steps.count - mark.steps) }
}
