import KobaiOperators
import KobaiTensor

/// Averages of parameters over the steps of a training: often better than the last values.
///
///     let average = ParameterAverage(net.parameters, .exponential(decay: 0.999))
///     for batch in batches {
///       …
///       optimizer.step()
///       average.update()
///     }
///     let accuracy = average.applied { evaluate(net) }
///
/// Running statistics of normalization layers are not parameters: after averaging they have to be computed
/// again, by a pass over the training data.
///
/// Sources: Izmailov et al., Averaging Weights Leads to Wider Optima, <https://arxiv.org/abs/1803.05407>;
/// <https://pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema>
public final class ParameterAverage {
  /// What is averaged.
  public enum Rule: Sendable, Hashable {
    /// All updates alike: stochastic weight averaging.
    case mean
    /// average ← decay · average + (1 − decay) · parameter.
    case exponential(decay: Double)
  }

  private let parameters: [State]
  private let rule: Rule
  private let stored: [State]
  private let count = State(Value(bits: 0, dtype: .int64), requiresGrad: false)

  /// - Parameters:
  ///   - parameters: live tensors.
  ///   - rule: for `.exponential`, a decay between 0 and 1.
  public init(_ parameters: [Tensor], _ rule: Rule = .mean) {
    if case .exponential(let decay) = rule, !(0...1).contains(decay) {
      misuse(
        "ParameterAverage: Invalid decay value \(decay) provided. Please provide a value in [0,1] range",
        else: ())
    }
    if let i = parameters.firstIndex(where: { $0.state == nil }) {
      misuse(
        "ParameterAverage: parameter \(i) is not a live tensor; give leaves that require grad",
        else: ())
    }
    self.parameters = parameters.compactMap(\.state)
    self.rule = rule
    stored = self.parameters.map { State($0.value, requiresGrad: false) }
  }

  /// The averages as live tensors, in the order of the parameters.
  public var averages: [Tensor] { stored.map(\.tensor) }

  /// How many updates there have been, as a live int64 tensor.
  public var updateCount: Tensor { count.tensor }

  /// Takes the parameters' values now into the averages. The first update takes them alone.
  public func update() {
    noGrad {
      let known = count.tensor.to(.float64)
      let isFirst = count.tensor.eq(0)
      for (parameter, average) in zip(parameters, stored) {
        let (new, old) = (parameter.tensor, average.tensor)
        let weight =
          switch rule {
          case .mean: 1 / (known + 1)
          case .exponential(let decay):
            Tensor.where(isFirst, 1.0, Tensor(1 - decay, dtype: .float64))
          }
        let real = parameter.dtype.real
        let moved = old + (new - old) * weight.to(real)
        average.replace(Tensor.where(isFirst, new, moved), operation: "ParameterAverage")
      }
      count.replace(count.tensor + 1, operation: "ParameterAverage")
    }
  }

  /// Runs `body` with the averages in the parameters' place.
  public func applied<R>(_ body: () throws -> R) rethrows -> R {
    let values = parameters.map(\.value)
    for (parameter, average) in zip(parameters, stored) { parameter.value = average.value }
    defer { for (parameter, value) in zip(parameters, values) { parameter.value = value } }
    return try body()
  }
}
