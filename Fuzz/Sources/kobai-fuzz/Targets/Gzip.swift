import KobaiFormats

extension FuzzTarget {
  /// The first byte names the container and the size of pieces.
  static let gzip = FuzzTarget(
    name: "gzip", maximalLength: 160,
    seeds: {
      let text = Array("kobai kobai kobai gradients".utf8)
      let gzip = try Zlib.compress(text)
      return [
        [0] + gzip, [3] + gzip + gzip, [6] + gzip + [0, 0, 0],
        [1] + (try Zlib.compress(text, .zlib)),
        [2] + (try Zlib.compress(text, .raw)), [5] + (try Zlib.compress(text, .raw, level: 0)),
      ]
    },
    run: { bytes in
      guard let first = bytes.first else { return }
      let container: Zlib.Container = [.gzip, .zlib, .raw][Int(first) % 3]
      let data = Array(bytes.dropFirst())
      let limit = 1 << 14
      let result = try Zlib.decompress(data, container, limit: limit)
      demand(result.count <= limit, "the limit holds")
      // In pieces it is the same.
      let inflater = try Inflater(data, container)
      var (again, piece) = ([UInt8](), [UInt8](repeating: 0, count: Int(first) / 3 + 1))
      while true {
        let count = try? piece.withUnsafeMutableBytes { try inflater.read(into: $0) }
        guard let count else { fatalError("pieces are refused where the whole was not") }
        if count == 0 { break }
        again += piece[..<count]
      }
      demand(again == result, "pieces make the whole")
    })
}
