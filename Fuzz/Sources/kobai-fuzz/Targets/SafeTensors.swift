import KobaiFormats

extension FuzzTarget {
  static let safetensors = FuzzTarget(
    name: "safetensors", maximalLength: 320,
    words: [
      "\"__metadata__\":{", "\"dtype\":", "\"shape\":[", "\"data_offsets\":[", "\"U8\"", "\"F32\"",
      "\"BOOL\"", "\"C64\"", "[0,0]", "[0,1]", "null", "\\u0061", "9223372036854775807", "}",
      "\":\"",
    ],
    seeds: {
      [
        try SafeTensors.encode([]),
        try SafeTensors.encode([.init(name: "a", dtype: .uint8, shape: [2], bytes: [1, 2])]),
        try SafeTensors.encode(
          [
            .init(name: "b", dtype: .float32, shape: [], bytes: [1, 2, 3, 4]),
            .init(name: "c", dtype: .int16, shape: [0, 3], bytes: []),
          ], metadata: ["format": "pt"]),
      ]
    },
    run: { bytes in
      // A length that fits is hard to guess: inputs with a small first byte state their header's end
      // by it.
      var bytes = bytes
      if bytes.count >= 8, bytes[7] != 0 {
        let length = min(Int(bytes[0]), bytes.count - 8)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
      }
      let file = try SafeTensors(bytes: bytes)
      var items: [SafeTensors.Item] = []
      for entry in file.entries {
        let elements = file.bytes(of: entry.name) ?? []
        demand(elements.count == entry.byteRange.count, "a tensor has its bytes")
        items.append(
          .init(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: elements))
      }
      // What was read can be written, and is the same when it is read again.
      let encoded = try? SafeTensors.encode(items, metadata: file.metadata)
      guard let encoded, let again = try? SafeTensors(bytes: encoded) else {
        fatalError("a file that was read cannot be written")
      }
      demand(again.metadata == file.metadata, "metadata are kept")
      for item in items {
        demand(again.bytes(of: item.name) == item.bytes, "elements are kept")
        demand(again[item.name]?.shape == item.shape, "shapes are kept")
      }
    })
}
