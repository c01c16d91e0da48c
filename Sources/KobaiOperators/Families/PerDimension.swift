import KobaiTensor

/// A number for each spatial dimension: an `Int` that holds for all of them, or an array with one for
/// each, the outermost first (depth, height, width).
///
///     x.conv2d(w, stride: 2)
///     x.conv2d(w, stride: [2, 1])
public protocol PerDimension: Sendable {
  /// As an array; one number stands for all dimensions.
  var perDimension: [Int] { get }
}

extension Int: PerDimension {
  public var perDimension: [Int] { [self] }
}

extension Array: PerDimension where Element == Int {
  public var perDimension: [Int] { self }
}

extension PerDimension {
  /// One number for each of `rank` dimensions; nil, after the misuse, if there are neither one nor `rank`.
  func expanded(_ operation: String, _ argument: String, rank: Int) -> [Int]? {
    let sizes = perDimension
    guard sizes.allSatisfy({ $0.magnitude <= 1 << 31 }) else {
      return misuse(
        "\(operation): \(argument) must lie in -2³¹ ... 2³¹, but is \(sizes)", else: nil)
    }
    if sizes.count == rank { return sizes }
    if sizes.count == 1 { return [Int](repeating: sizes[0], count: rank) }
    return misuse(
      "\(operation): expected \(argument) to be a single integer value or a list of \(rank) values to "
        + "match the spatial dimensions, but got \(argument)=\(sizes)", else: nil)
  }
}
