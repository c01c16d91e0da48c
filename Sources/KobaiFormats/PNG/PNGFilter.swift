/// The filters that make rows of samples easier to compress.
///
/// Source: PNG specification, section 9.
enum PNGFilter {
  /// Turns filtered rows into samples, in place. Each row follows the byte that names its filter.
  ///
  /// - Parameter pixelSize: the bytes of a pixel; 1 if a pixel is smaller.
  static func undo(
    _ bytes: UnsafeMutableBufferPointer<UInt8>, rowSize: Int, pixelSize: Int
  ) throws(FormatError) {
    let step = rowSize + 1
    for start in stride(from: 0, to: bytes.count, by: step) {
      let row = UnsafeMutableBufferPointer(rebasing: bytes[(start + 1)..<(start + step)])
      // There is no row above the first: zeros stand for it.
      let above =
        start == 0
        ? nil : UnsafeMutableBufferPointer(rebasing: bytes[(start + 1 - step)..<start])
      switch bytes[start] {
      case 0: break
      case 1:
        for index in stride(from: pixelSize, to: rowSize, by: 1) {
          row[index] &+= row[index - pixelSize]
        }
      case 2:
        guard let above else { break }
        for index in 0..<rowSize { row[index] &+= above[index] }
      case 3:
        for index in 0..<rowSize {
          let left = index < pixelSize ? 0 : Int(row[index - pixelSize])
          row[index] &+= UInt8((left + Int(above?[index] ?? 0)) / 2)
        }
      case 4:
        for index in 0..<rowSize {
          let isFirst = index < pixelSize
          row[index] &+= paeth(
            isFirst ? 0 : row[index - pixelSize], above?[index] ?? 0,
            isFirst ? 0 : above?[index - pixelSize] ?? 0)
        }
      default:
        throw FormatError("png", "row \(start / step) has the unknown filter \(bytes[start])")
      }
    }
  }

  /// The neighbor that is nearest to left + above - corner.
  @inline(__always)
  static func paeth(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
    let toLeft = abs(Int(above) - Int(corner))
    let toAbove = abs(Int(left) - Int(corner))
    let toCorner = abs(Int(left) + Int(above) - 2 * Int(corner))
    if toLeft <= toAbove && toLeft <= toCorner { return left }
    return toAbove <= toCorner ? above : corner
  }

  /// Filters rows, and puts the byte that names its filter before each.
  ///
  /// Of the five filters that with the smallest sum of differences is taken, which the specification
  /// recommends (section 12.8).
  static func apply(_ samples: [UInt8], rowSize: Int, pixelSize: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(samples.count / rowSize * (rowSize + 1))
    var above = [UInt8](repeating: 0, count: rowSize)
    for start in stride(from: 0, to: samples.count, by: rowSize) {
      let row = Array(samples[start..<start + rowSize])
      var (best, bestSum) = ([UInt8](), Int.max)
      for filter in UInt8(0)...4 {
        let candidate = filtered(row, above, filter, pixelSize)
        // Differences are signed.
        let sum = candidate.reduce(0) { $0 + abs(Int(Int8(bitPattern: $1))) }
        if sum < bestSum { (best, bestSum) = ([filter] + candidate, sum) }
      }
      result += best
      above = row
    }
    return result
  }

  private static func filtered(
    _ row: [UInt8], _ above: [UInt8], _ filter: UInt8, _ pixelSize: Int
  ) -> [UInt8] {
    row.indices.map { index in
      let isFirst = index < pixelSize
      let left = isFirst ? 0 : row[index - pixelSize]
      let predicted =
        switch filter {
        case 1: left
        case 2: above[index]
        case 3: UInt8((Int(left) + Int(above[index])) / 2)
        case 4: paeth(left, above[index], isFirst ? 0 : above[index - pixelSize])
        default: UInt8(0)
        }
      return row[index] &- predicted
    }
  }
}
