import KobaiFormats

extension FuzzTarget {
  static let idx = FuzzTarget(
    name: "idx", maximalLength: 96,
    seeds: {
      let plain: [UInt8] = [0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4]
      return [
        plain, [0, 0, 8, 0, 7], [0, 0, 0x0E, 1, 0, 0, 0, 0],
        try Zlib.compress(plain),
        try Zlib.compress([0, 0, 8, 3] + [UInt8](repeating: 1, count: 13)),
      ]
    },
    run: { bytes in
      let array = try IDX.decode(bytes)
      demand(array.count * array.dtype.size == array.bytes.count, "an array has its bytes")
      guard let encoded = try? IDX.encode(array) else { fatalError("an array cannot be written") }
      demand((try? IDX.decode(encoded)) == array, "an array is kept")
      if bytes.first == 0 { demand(encoded == bytes, "bytes are kept") }
    })
}
