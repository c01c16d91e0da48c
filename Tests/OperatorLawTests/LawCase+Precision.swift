import Kobai
import KobaiTestSupport

extension LawCase {
  /// Results for inputs in float32 against those for the same numbers in float64.
  func checkPrecision() -> [String] {
    let narrow = inputs().map(Self.narrowed)
    let wide = zip(narrow, sample.inputs).map { $0.to($1.dtype) }
    let (got, expected) = (sample.call(narrow), sample.call(wide))
    guard got.count == expected.count else {
      return ["\(got.count) results, not \(expected.count)"]
    }
    let largestInput = wide.map(\.largestFinite).max() ?? 1
    return zip(got, expected).compactMap { got, expected in
      guard expected.dtype.isDifferentiable else { return difference(got, expected) }
      // Cancelling terms leave an error of the size of what cancels; special numbers do not mix.
      let scale = largestInput > 1e6 ? 1 : max(1, largestInput, expected.largestFinite)
      let bound = 64 * DType.float32.epsilon
      return difference(
        got, expected.saturated, Tolerance(relative: bound, absolute: bound * scale),
        checkDType: false)
    }
  }

  static func narrowed(_ tensor: Tensor) -> Tensor {
    switch tensor.dtype {
    case .float64: tensor.to(.float32)
    case .complex128: tensor.to(.complex64)
    default: tensor
    }
  }
}

extension Tensor {
  /// In the single precision type, where what is too large is infinite; back in the own type.
  fileprivate var saturated: Tensor { LawCase.narrowed(self).to(dtype) }
}
