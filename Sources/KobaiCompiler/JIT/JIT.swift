import KobaiTensor
import KobaiTransforms

/// A function that is traced at its first call and replayed from then on.
///
///     let step = jit { (x: Tensor, y: Tensor) in
///       let loss = crossEntropy(net(x), y)
///       optimizer.zeroGrad()
///       loss.backward()
///       optimizer.step()
///       return loss
///     }
///     step(x, y)
///
/// Arguments and results are trees, or tuples of them. The closure runs once for each kind of arguments:
/// shapes and dtypes of their tensors, their scalars and structure, the training mode of the modules that it
/// calls, whether gradients are recorded. It sees tensors with a shape and a dtype but without elements, so
/// that reading one (`item()`, `if x > 0`) is refused; Swift's own `if`, `for` and `print` run while
/// tracing only. What the closure makes of states (parameters, buffers, gradients, an optimizer's moments
/// and counts) is done at every call; other tensors that it captures are constants. Random numbers
/// are drawn at every call, from the generators that eager operations would draw from.
///
/// A closure that clears the gradients at its end (`optimizer.zeroGrad()` as its last line instead of an earlier
/// one) never holds all of them: each is used up as soon as it is known.
///
/// Results are those of the same closure without `jit`, bit for bit in float32 and float64. They can be
/// differentiated unless the closure has called `backward()` on them.
///
/// Inside another transform, and while another trace is being made, the closure simply runs.
public func jit<each A: Tree, R: Tree>(
  _ function: @escaping (repeat each A) -> R, fileID: StaticString = #fileID, line: UInt = #line
) -> Jitted<repeat each A, R> {
  Jitted(
    function,
    JITEngine(
      site: "\(fileID)".split(separator: "/").last.map { "\($0):\(line)" } ?? "",
      flatten: { $0.tensors }, rebuild: { $0.replacingTensors($1) }))
}

/// `jit` of a function with several results, or none.
public func jit<each A: Tree, each R: Tree>(
  _ function: @escaping (repeat each A) -> (repeat each R), fileID: StaticString = #fileID,
  line: UInt = #line
) -> Jitted<repeat each A, (repeat each R)> {
  Jitted(
    function,
    JITEngine(
      site: "\(fileID)".split(separator: "/").last.map { "\($0):\(line)" } ?? "",
      flatten: { (result: (repeat each R)) in tensors(in: repeat each result) },
      rebuild: { (result: (repeat each R), tensors: [Tensor]) in
        rebuild(tensors, repeat each result)
      }))
}

/// A function made by `jit`. Copies share what has been compiled.
public struct Jitted<each A: Tree, R> {
  let engine: JITEngine<R>
  /// The function itself, for transforms, which take closures: `vmap(step.function)`.
  public let function: (repeat each A) -> R

  init(_ function: @escaping (repeat each A) -> R, _ engine: JITEngine<R>) {
    self.function = function
    self.engine = engine
  }

  public func callAsFunction(_ arguments: repeat each A) -> R {
    guard JIT.replaces else { return function(repeat each arguments) }
    return engine.call(flat(repeat each arguments)) {
      call(function, $0, repeat each arguments)
    }
  }

  /// How often the closure has been traced.
  public var traceCount: Int { engine.cache.traceCount }

  /// Why the closure was traced again, each time that it was: what differed from the call before.
  ///
  ///     step.recompilations   // ["argument 0 is float32[16, 784] where it was float32[32, 784]"]
  public var recompilations: [String] { engine.cache.reasons }
}
