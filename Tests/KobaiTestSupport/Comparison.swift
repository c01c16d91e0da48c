import Kobai

/// How far two numbers may be apart: `relative` of the expected one, or `absolute`.
public struct Tolerance: Sendable {
  public var relative: Double
  public var absolute: Double
  public init(relative: Double = 0, absolute: Double = 0) {
    self.relative = relative
    self.absolute = absolute
  }
  /// Equal, or both NaN.
  public static let exact = Tolerance()
  /// Some roundings of results of this dtype whose terms are about 1.
  public static func roundings(_ dtype: DType, _ count: Double = 16) -> Tolerance {
    Tolerance(relative: count * dtype.epsilon, absolute: count * dtype.epsilon)
  }
}

/// What differs first between two tensors, in words; nil when dtype and shape are equal and the elements
/// agree. NaN agrees with NaN.
public func difference(
  _ got: Tensor, _ expected: Tensor, _ tolerance: Tolerance = .exact, checkDType: Bool = true
) -> String? {
  if got.isPoisoned || expected.isPoisoned {
    return got.isPoisoned == expected.isPoisoned ? nil : "one is poisoned: \(got), \(expected)"
  }
  if checkDType && got.dtype != expected.dtype {
    return "dtype is \(got.dtype), expected \(expected.dtype)"
  }
  if got.shape != expected.shape { return "shape is \(got.shape), expected \(expected.shape)" }
  let (a, b) = (got.parts, expected.parts)
  let width = got.dtype.isComplex || expected.dtype.isComplex ? 2 : 1
  for i in a.indices where !agree(a[i], b[i], tolerance) {
    let part = width == 1 ? "" : i % 2 == 0 ? " (real part)" : " (imaginary part)"
    return "element \(i / width)\(part) is \(a[i]), expected \(b[i])"
      + " (\(abs(a[i] - b[i])) apart); got \(a.prefix(12)), expected \(b.prefix(12))"
  }
  return nil
}

private func agree(_ a: Double, _ b: Double, _ tolerance: Tolerance) -> Bool {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
  if a == b { return true }
  guard a.isFinite && b.isFinite else { return false }
  return abs(a - b) <= tolerance.absolute + tolerance.relative * abs(b)
}

extension Tensor {
  /// The elements as doubles; real and imaginary parts in turn for a complex dtype.
  public var parts: [Double] {
    guard dtype.isComplex else { return array(as: Double.self) }
    let bytes = to(.complex128).bytes
    return bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
  }

  /// The largest magnitude of a finite part; 0 if there is none.
  public var largestFinite: Double { parts.lazy.filter(\.isFinite).map(\.magnitude).max() ?? 0 }
}

/// The message of the misuse that `body` ends in; nil if it does not.
public func misuseMessage<R>(_ body: () throws -> R) -> String? {
  do {
    _ = try recovering(body)
    return nil
  } catch let misuse as Misuse {
    return misuse.message
  } catch {
    return "not a misuse: \(error)"
  }
}
