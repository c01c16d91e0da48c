import KobaiTensor

// A struct that declares nothing but `Tree` is taken apart and put together through the `Codable` that the
// compiler writes for it.

extension Tree {
  public func flatten(into flat: inout FlatTree) {
    if let node = TreeEncoder.node(of: self) { node.flatten(into: &flat) }
  }

  public func rebuilt(from leaves: inout Leaves) -> Self {
    guard let node = TreeEncoder.node(of: self) else { return self }
    node.replace(from: &leaves)
    do {
      return try Self(from: TreeDecoder(node: node, codingPath: []))
    } catch {
      return misuse(
        "Tree: \(Self.self) cannot be put together again: \(error); write flatten and rebuilt by hand",
        else: self)
    }
  }
}

/// What a value encoded: a tree of parts.
final class TreeNode {
  enum Content {
    case empty
    /// A tensor, an array, another struct … that knows how to take itself apart.
    case tree(any Tree)
    case keyed([(key: String, node: TreeNode)])
    case list([TreeNode])
  }
  var content = Content.empty

  func flatten(into flat: inout FlatTree) {
    switch content {
    case .empty: flat.append(structure: "nil")
    case .tree(let tree): tree.flatten(into: &flat)
    case .keyed(let parts):
      flat.append(structure: parts.map(\.key))
      for (_, node) in parts { node.flatten(into: &flat) }
    case .list(let nodes):
      flat.append(structure: nodes.count)
      for node in nodes { node.flatten(into: &flat) }
    }
  }

  func replace(from leaves: inout Leaves) {
    switch content {
    case .empty: break
    case .tree(let tree): content = .tree(tree.rebuilt(from: &leaves))
    case .keyed(let parts): for (_, node) in parts { node.replace(from: &leaves) }
    case .list(let nodes): for node in nodes { node.replace(from: &leaves) }
    }
  }
}

struct TreeEncoder: Encoder {
  let node: TreeNode
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// nil after a misuse.
  static func node(of value: some Encodable) -> TreeNode? {
    let node = TreeNode()
    do {
      try value.encode(to: TreeEncoder(node: node, codingPath: []))
      return node
    } catch {
      return misuse("Tree: \(type(of: value)) cannot be taken apart: \(error)", else: nil)
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .keyed = node.content {} else { node.content = .keyed([]) }
    return KeyedEncodingContainer(Keyed<Key>(node: node, codingPath: codingPath))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .list = node.content {} else { node.content = .list([]) }
    return Unkeyed(node: node, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(node: node, codingPath: codingPath)
  }

  fileprivate static func put(
    _ value: some Encodable, in node: TreeNode, _ path: [any CodingKey]
  ) throws {
    if let tree = value as? any Tree {
      node.content = .tree(tree)
    } else {
      try value.encode(to: TreeEncoder(node: node, codingPath: path))
    }
  }

  struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: TreeNode
    let codingPath: [any CodingKey]

    private func child(_ key: any CodingKey) -> TreeNode {
      let child = TreeNode()
      if case .keyed(let parts) = node.content {
        node.content = .keyed(parts + [(key.stringValue, child)])
      }
      return child
    }
    func encodeNil(forKey key: Key) { _ = child(key) }
    func encode(_ value: some Encodable, forKey key: Key) throws {
      try TreeEncoder.put(value, in: child(key), codingPath + [key])
    }
    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
      if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { encoder(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      encoder(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { encoder(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
    private func encoder(_ key: any CodingKey) -> TreeEncoder {
      TreeEncoder(node: child(key), codingPath: codingPath + [key])
    }
  }

  struct Unkeyed: UnkeyedEncodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]

    var count: Int {
      if case .list(let nodes) = node.content { return nodes.count }
      return 0
    }
    private func child() -> TreeNode {
      let child = TreeNode()
      if case .list(let nodes) = node.content { node.content = .list(nodes + [child]) }
      return child
    }
    func encodeNil() { _ = child() }
    func encode(_ value: some Encodable) throws {
      try TreeEncoder.put(value, in: child(), codingPath)
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> { encoder.container(keyedBy: type) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder }
    private var encoder: TreeEncoder { TreeEncoder(node: child(), codingPath: codingPath) }
  }

  struct Single: SingleValueEncodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]

    func encodeNil() { node.content = .empty }
    func encode(_ value: some Encodable) throws {
      if let tree = value as? any Tree {
        node.content = .tree(tree)
      } else {
        try value.encode(to: TreeEncoder(node: node, codingPath: codingPath))
      }
    }
  }

  struct SuperKey: CodingKey {
    var stringValue: String { "super" }
    var intValue: Int? { nil }
    init() {}
    init?(stringValue: String) {}
    init?(intValue: Int) { nil }
  }
}
