import KobaiTensor

/// Where each value of a replay lies, and the lists of addresses that its kernels are called with.
final class Addresses {
  private let current: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
  private let list: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// The places in the list that a base fills, with their offsets: `places[starts[v]..<starts[v + 1]]`.
  private let starts: [Int]
  private let places: [(place: Int, byteOffset: Int)]

  /// Memory for operands without elements, never read.
  private static let placeholder = 64

  /// - Parameter operands: for each address of the list, the base and the offset in bytes.
  init(count: Int, operands: [(base: Int, byteOffset: Int)]) {
    current = .allocate(capacity: count)
    current.initialize(repeating: nil)
    list = .allocate(capacity: operands.count + 1)
    list.initialize(
      repeating: UnsafeMutableRawPointer.allocate(byteCount: Self.placeholder, alignment: 64),
      count: operands.count + 1)
    var byBase = [[(place: Int, byteOffset: Int)]](repeating: [], count: count)
    for (place, operand) in operands.enumerated() {
      byBase[operand.base].append((place, operand.byteOffset))
    }
    var starts = [0]
    for places in byBase { starts.append(starts[starts.count - 1] + places.count) }
    self.starts = starts
    places = byBase.flatMap { $0 }
    unused = list[operands.count]
  }

  private let unused: UnsafeMutableRawPointer

  deinit {
    current.deallocate()
    list.deallocate()
    unused.deallocate()
  }

  /// States where a base lies.
  @inline(__always)
  func set(_ value: Int, _ address: UnsafeMutableRawPointer) {
    if current[value] == address { return }
    current[value] = address
    for k in starts[value]..<starts[value + 1] {
      list[places[k].place] = address + places[k].byteOffset
    }
  }

  func set(_ values: [Int], _ address: UnsafeMutableRawPointer) {
    for value in values { set(value, address) }
  }

  /// The addresses from a place on.
  @inline(__always)
  func operands(_ place: Int) -> Prepared.Memory { Prepared.Memory(list + place) }
}
