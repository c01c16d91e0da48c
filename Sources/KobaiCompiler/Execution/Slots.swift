import KobaiTensor

/// The values of one run that evaluates each step.
final class Slots {
  private let values: UnsafeMutableBufferPointer<Value>

  init(_ initial: [Value]) {
    values = .allocate(capacity: initial.count)
    _ = values.initialize(from: initial)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  subscript(i: Int) -> Value {
    get { values[i] }
    _modify { yield &values[i] }
  }

  func take(_ i: Int) -> Value {
    var value = Value.nothing
    swap(&value, &values[i])
    return value
  }
}

extension Value {
  static let nothing = Value(bits: 0, dtype: .float32)
}
