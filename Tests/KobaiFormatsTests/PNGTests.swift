import KobaiFormats
import Testing

@Suite("PNG")
struct PNGTests {
  private struct Cases: Decodable {
    struct Item: Decodable {
      var name: String
      var file: String
      var width: Int
      var height: Int
      var channels: Int
      var bits: Int
      var samples: String
    }

    var images: [Item]
    var damaged: [String: String]
  }

  private let cases: Cases

  init() throws { cases = try Resource.json("png.json", as: Cases.self) }

  private func image(_ item: Cases.Item) throws -> PNG {
    let samples = bytes(hex: item.samples)
    let wide = stride(from: 0, to: samples.count - 1, by: 2).map {
      UInt16(samples[$0]) << 8 | UInt16(samples[$0 + 1])
    }
    return try PNG(
      width: item.width, height: item.height, channels: item.channels,
      samples: item.bits == 16 ? .uint16(wide) : .uint8(samples))
  }

  /// All color types, depths, filters, interlaced or not, with and without transparency.
  @Test func readsEveryKind() throws {
    #expect(cases.images.count == 79)
    for item in cases.images {
      #expect(try PNG.decode(bytes(hex: item.file)) == (try image(item)), "\(item.name)")
    }
  }

  @Test func writesWhatItReads() throws {
    let folder = try TemporaryFolder()
    for item in cases.images {
      let image = try image(item)
      #expect(try PNG.decode(try image.encode()) == image, "\(item.name)")
      try image.write(to: folder.file("a.png"))
      #expect(try PNG.read(contentsOf: folder.file("a.png")) == image)
    }
    let slope = try PNG(
      width: 300, height: 200, channels: 3,
      samples: .uint8((0..<180_000).map { UInt8(truncatingIfNeeded: $0 % 900 + $0 / 900) }))
    #expect(try slope.encode().count < 9000)
  }

  @Test func refusesDamage() {
    #expect(cases.damaged.count == 42)
    for (name, hex) in cases.damaged {
      let message = refusal { try PNG.decode(bytes(hex: hex)) }
      #expect(message?.hasPrefix("png: ") == true, "\(name): \(message ?? "accepted")")
    }
    func message(_ name: String) -> String {
      refusal { try PNG.decode(bytes(hex: cases.damaged[name] ?? "")) } ?? ""
    }
    #expect(message("checksum").contains("the chunk IDAT is damaged"))
    #expect(message("cut").contains("it was cut short"))
    #expect(message("larger than its data").contains("cannot hold 9000 × 6000 pixels"))
    #expect(message("filter 5").contains("row 0 has the unknown filter 5"))
    #expect(message("color outside of palette").contains("color 1 of a palette with 1 colors"))
    #expect(message("too little data").contains("has 59 bytes, but 60 belong there"))
    #expect(message("huge").contains("more than the 1073741824 bytes allowed"))
  }

  @Test func holdsToItsLimit() throws {
    let image = try PNG(
      width: 10, height: 10, channels: 4, samples: .uint8([UInt8](repeating: 9, count: 400)))
    let file = try image.encode()
    #expect(try PNG.decode(file, limit: 400) == image)
    #expect(throws: FormatError.self) { try PNG.decode(file, limit: 399) }
  }

  @Test func refusesImpossibleImages() {
    for (width, height, channels, count) in [
      (0, 1, 1, 0), (1, -1, 1, 1), (1, 1, 5, 5), (1, 1, 0, 0), (2, 2, 3, 11),
      (1 << 40, 1, 1, 1), (2_147_483_647, 2_147_483_647, 4, 0),
    ] {
      #expect(throws: FormatError.self) {
        try PNG(
          width: width, height: height, channels: channels,
          samples: .uint8([UInt8](repeating: 0, count: count)))
      }
    }
  }
}
