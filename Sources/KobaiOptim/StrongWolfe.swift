import KobaiOperators
import KobaiTensor

/// A line search whose result satisfies the strong Wolfe conditions: enough decrease, small enough slope.
///
/// Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, as in
/// <https://github.com/torch/optim/blob/master/lswolfe.lua>
struct StrongWolfe {
  let direction: Tensor
  let loss: Double
  let gradient: Tensor
  /// The derivative along the direction at the start.
  let slope: Double

  private let decrease = 1e-4
  private let curvature = 0.9
  private let toleranceChange = 1e-9

  init(direction: Tensor, loss: Double, gradient: Tensor, slope: Double) {
    self.direction = direction
    self.loss = loss
    self.gradient = gradient
    self.slope = slope
  }

  /// A length that has been tried.
  struct Trial {
    var length: Double
    var loss: Double
    var gradient: Tensor
    var slope: Double
  }

  struct Found {
    var loss: Double
    var gradient: Tensor
    var length: Double
    var evaluations: Int
  }

  func run(
    from first: Double, limit: Int, _ evaluate: (Double) -> (loss: Double, gradient: Tensor)
  ) -> Found {
    func attempt(_ length: Double) -> Trial {
      let (loss, gradient) = evaluate(length)
      return Trial(
        length: length, loss: loss, gradient: gradient, slope: gradient.dot(direction).item())
    }
    let start = Trial(length: 0, loss: loss, gradient: gradient, slope: slope)
    var evaluations = 1
    var iterations = 0
    var bracket: [Trial] = []
    var isDone = false

    // A bracket with a good point in it.
    var (last, now) = (start, attempt(first))
    while iterations < limit {
      if isTooHigh(now) || (iterations > 1 && now.loss >= last.loss) {
        bracket = [last, now]
        break
      }
      if isFlat(now) {
        bracket = [now]
        isDone = true
        break
      }
      if now.slope >= 0 {
        bracket = [last, now]
        break
      }
      let bounds = (now.length + 0.01 * (now.length - last.length), now.length * 10)
      let next = Self.interpolate(last, now, bounds)
      last = now
      now = attempt(next)
      evaluations += 1
      iterations += 1
    }
    if iterations == limit || bracket.isEmpty { bracket = [start, now] }

    // The bracket made smaller.
    var low = bracket[0].loss <= bracket[bracket.count - 1].loss ? 0 : bracket.count - 1
    let largest = direction.abs().max().item()
    var isStuck = false
    while !isDone && iterations < limit {
      let (a, b) = (bracket[0].length, bracket[1].length)
      if abs(b - a) * largest < toleranceChange { break }
      let (left, right) = (min(a, b), max(a, b))
      var length = Self.interpolate(bracket[0], bracket[1], (left, right))
      // Too near to an end twice, or beyond it: a tenth of the bracket from the nearer end.
      let margin = 0.1 * (right - left)
      if min(right - length, length - left) < margin {
        if isStuck || length >= right || length <= left {
          length = abs(length - right) < abs(length - left) ? right - margin : left + margin
          isStuck = false
        } else {
          isStuck = true
        }
      } else {
        isStuck = false
      }
      let new = attempt(length)
      evaluations += 1
      iterations += 1
      let high = 1 - low
      if isTooHigh(new) || new.loss >= bracket[low].loss {
        bracket[high] = new
        low = bracket[0].loss <= bracket[1].loss ? 0 : 1
      } else {
        if isFlat(new) {
          isDone = true
        } else if new.slope * (bracket[high].length - bracket[low].length) >= 0 {
          bracket[high] = bracket[low]
        }
        bracket[low] = new
      }
    }
    let best = bracket[low]
    return Found(
      loss: best.loss, gradient: best.gradient, length: best.length, evaluations: evaluations)
  }

  private func isTooHigh(_ trial: Trial) -> Bool {
    trial.loss > loss + decrease * trial.length * slope
  }

  private func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= -curvature * slope }

  /// The minimum of the cubic through two points with these slopes, within bounds.
  private static func interpolate(_ p: Trial, _ q: Trial, _ bounds: (Double, Double)) -> Double {
    let d1 = p.slope + q.slope - 3 * (p.loss - q.loss) / (p.length - q.length)
    let square = d1 * d1 - p.slope * q.slope
    guard square >= 0 else { return (bounds.0 + bounds.1) / 2 }
    let d2 = square.squareRoot()
    let place =
      p.length <= q.length
      ? q.length - (q.length - p.length) * ((q.slope + d2 - d1) / (q.slope - p.slope + 2 * d2))
      : p.length - (p.length - q.length) * ((p.slope + d2 - d1) / (p.slope - q.slope + 2 * d2))
    return min(max(place, bounds.0), bounds.1)
  }
}
