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
    let rowCount = samples.count / rowSize
    let zeros = [UInt8](repeating: 0, count: rowSize)
    var candidate = zeros
    return [UInt8](unsafeUninitializedCapacity: rowCount * (rowSize + 1)) { result, count in
      samples.withUnsafeBufferPointer { samples in
        zeros.withUnsafeBufferPointer { zeros in
          for number in 0..<rowCount {
            let start = number * rowSize
            let row = UnsafeBufferPointer(rebasing: samples[start..<start + rowSize])
            let above =
              number == 0
              ? zeros : UnsafeBufferPointer(rebasing: samples[start - rowSize..<start])
            let target = UnsafeMutableBufferPointer(
              rebasing: result[(number * (rowSize + 1))..<((number + 1) * (rowSize + 1))])
            var bestSum = Int.max
            for filter in UInt8(0)...4 {
              let sum = candidate.withUnsafeMutableBufferPointer {
                filtered(row, above, filter, pixelSize, into: $0)
              }
              guard sum < bestSum else { continue }
              bestSum = sum
              target.initializeElement(at: 0, to: filter)
              _ = UnsafeMutableBufferPointer(rebasing: target[1...]).update(
                fromContentsOf: candidate)
            }
          }
        }
      }
      count = rowCount * (rowSize + 1)
    }
  }

  /// Writes the differences to `result`, and gives the sum of their sizes.
  private static func filtered(
    _ row: UnsafeBufferPointer<UInt8>, _ above: UnsafeBufferPointer<UInt8>, _ filter: UInt8,
    _ pixelSize: Int, into result: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var sum = 0
    for index in row.indices {
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
      let difference = row[index] &- predicted
      result[index] = difference
      // Differences are signed.
      sum += abs(Int(Int8(bitPattern: difference)))
    }
    return sum
  }
}
