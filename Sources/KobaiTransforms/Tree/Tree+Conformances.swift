import KobaiTensor

extension Tensor: Tree {
  public func flatten(into flat: inout FlatTree) { flat.append(self) }
  public func rebuilt(from leaves: inout Leaves) -> Tensor { leaves.take() }
}

extension Array: Tree where Element: Tree {
  public func flatten(into flat: inout FlatTree) {
    flat.append(structure: count)
    for element in self { element.flatten(into: &flat) }
  }
  public func rebuilt(from leaves: inout Leaves) -> [Element] {
    map { $0.rebuilt(from: &leaves) }
  }
}

/// By ascending keys.
extension Dictionary: Tree where Key: Codable & Comparable, Value: Tree {
  public func flatten(into flat: inout FlatTree) {
    flat.append(structure: count)
    for key in keys.sorted() {
      flat.append(structure: key)
      self[key]?.flatten(into: &flat)
    }
  }
  public func rebuilt(from leaves: inout Leaves) -> [Key: Value] {
    var result = self
    for key in keys.sorted() { result[key] = self[key]?.rebuilt(from: &leaves) }
    return result
  }
}

extension Optional: Tree where Wrapped: Tree {
  public func flatten(into flat: inout FlatTree) {
    flat.append(structure: self != nil)
    self?.flatten(into: &flat)
  }
  public func rebuilt(from leaves: inout Leaves) -> Wrapped? {
    map { $0.rebuilt(from: &leaves) }
  }
}

/// A value without tensors: it is part of the structure.
public protocol StaticTree: Tree, Hashable {}

extension StaticTree {
  public func flatten(into flat: inout FlatTree) { flat.append(structure: self) }
  public func rebuilt(from leaves: inout Leaves) -> Self { self }
}

extension Int: StaticTree {}
extension Int8: StaticTree {}
extension Int16: StaticTree {}
extension Int32: StaticTree {}
extension Int64: StaticTree {}
extension UInt: StaticTree {}
extension UInt8: StaticTree {}
extension UInt16: StaticTree {}
extension UInt32: StaticTree {}
extension UInt64: StaticTree {}
extension Bool: StaticTree {}
extension String: StaticTree {}

extension Double: StaticTree {
  /// By its bits: NaN is the same structure as NaN, and 0 is not −0.
  public func flatten(into flat: inout FlatTree) { flat.append(structure: bitPattern) }
}
extension Float: StaticTree {
  public func flatten(into flat: inout FlatTree) { flat.append(structure: bitPattern) }
}
