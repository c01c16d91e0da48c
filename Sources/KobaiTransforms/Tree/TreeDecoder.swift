import KobaiTensor

/// Gives a struct's initialiser the parts that its encoding gave, with other tensors in them.
struct TreeDecoder: Decoder {
  let node: TreeNode
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .keyed(let parts) = node.content else { throw mismatch("a keyed container") }
    return KeyedDecodingContainer(
      Keyed<Key>(
        parts: Dictionary(parts.map { ($0.key, $0.node) }, uniquingKeysWith: { $1 }),
        codingPath: codingPath))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let nodes) = node.content else { throw mismatch("a list") }
    return Unkeyed(nodes: nodes, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueDecodingContainer {
    Single(node: node, codingPath: codingPath)
  }

  private func mismatch(_ wanted: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: "\(wanted) was not encoded"))
  }

  fileprivate static func get<T: Decodable>(
    _ type: T.Type, from node: TreeNode, _ path: [any CodingKey]
  ) throws -> T {
    switch node.content {
    case .tree(let tree as T): return tree
    default: return try T(from: TreeDecoder(node: node, codingPath: path))
    }
  }

  struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let parts: [String: TreeNode]
    let codingPath: [any CodingKey]

    var allKeys: [Key] { parts.keys.sorted().compactMap(Key.init(stringValue:)) }
    func contains(_ key: Key) -> Bool { parts[key.stringValue] != nil }
    private func child(_ key: any CodingKey) throws -> TreeNode {
      guard let node = parts[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, .init(codingPath: codingPath, debugDescription: "not encoded"))
      }
      return node
    }
    func decodeNil(forKey key: Key) throws -> Bool {
      if case .empty = try child(key).content { return true }
      return false
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      try TreeDecoder.get(type, from: child(key), codingPath + [key])
    }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try decoder(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { try decoder(TreeEncoder.SuperKey()) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
    private func decoder(_ key: any CodingKey) throws -> TreeDecoder {
      TreeDecoder(node: try child(key), codingPath: codingPath + [key])
    }
  }

  struct Unkeyed: UnkeyedDecodingContainer {
    let nodes: [TreeNode]
    let codingPath: [any CodingKey]
    var currentIndex = 0

    init(nodes: [TreeNode], codingPath: [any CodingKey]) {
      self.nodes = nodes
      self.codingPath = codingPath
    }
    var count: Int? { nodes.count }
    var isAtEnd: Bool { currentIndex >= nodes.count }
    private mutating func next() throws -> TreeNode {
      guard !isAtEnd else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: codingPath, debugDescription: "the list has ended"))
      }
      defer { currentIndex += 1 }
      return nodes[currentIndex]
    }
    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .empty = nodes[currentIndex].content else { return false }
      currentIndex += 1
      return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try TreeDecoder.get(type, from: next(), codingPath)
    }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try decoder().container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      try decoder().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { try decoder() }
    private mutating func decoder() throws -> TreeDecoder {
      TreeDecoder(node: try next(), codingPath: codingPath)
    }
  }

  struct Single: SingleValueDecodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool {
      if case .empty = node.content { return true }
      return false
    }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      switch node.content {
      case .tree(let tree as T): return tree
      default:
        throw DecodingError.typeMismatch(
          type, .init(codingPath: codingPath, debugDescription: "\(node.content) was encoded"))
      }
    }
  }
}
