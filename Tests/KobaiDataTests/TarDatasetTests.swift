import Foundation
import Kobai
import KobaiData
import KobaiFormats
import KobaiTestSupport
import Testing

@Suite struct TarDatasetTests {
  /// What Tools/data/archives.py wrote.
  private struct Archives: Decodable {
    let good: [String: String]
    let long: String
    let refused: [String: String]

    static func read() throws -> Archives {
      let url = try #require(
        Bundle.module.url(forResource: "Resources/archives.json", withExtension: nil))
      return try JSONDecoder().decode(Archives.self, from: try Data(contentsOf: url))
    }

    static func bytes(_ text: String) throws -> [UInt8] {
      Array(try #require(Data(base64Encoded: text)))
    }
  }

  private func reader(_ bytes: [UInt8], limit: Int = 1 << 20) -> TarReader {
    var position = 0
    return TarReader(limit: limit) { buffer in
      let count = min(buffer.count, bytes.count - position)
      buffer.copyBytes(from: bytes[position..<(position + count)])
      position += count
      return count
    }
  }

  private func read(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [(String, [UInt8]?)] {
    var reader = reader(bytes, limit: limit)
    var result: [(String, [UInt8]?)] = []
    while let entry = try reader.next() {
      var content: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 100)
      while true {
        let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
        if count == 0 { break }
        content += piece[..<count]
      }
      #expect(content.count == entry.size)
      result.append((entry.path, entry.isFolder ? nil : content))
    }
    #expect(try reader.next() == nil)
    return result
  }

  @Test func readsWhatPythonWrites() throws {
    let archives = try Archives.read()
    for (format, text) in archives.good {
      let bytes = try Zlib.decompress(try Archives.bytes(text), limit: 1 << 20)
      let entries = try read(bytes)
      let content = Dictionary(
        uniqueKeysWithValues: entries.compactMap { $1 == nil ? nil : ($0, $1) })
      #expect(entries.first?.0.hasPrefix("folder") == true && entries.first?.1 == nil, "\(format)")
      #expect(content["folder/empty.bin"] == [], "\(format)")
      #expect(content["folder/block.bin"] == (0..<512).map { UInt8($0 % 256) }, "\(format)")
      let text = [UInt8](String(repeating: "kobai", count: 201).utf8)
      #expect(content["folder/some.bin"] == text, "\(format)")
      #expect(content[archives.long] == Array("far away".utf8), "\(format)")
      if format != "ustar" {
        #expect(content["folder/字.txt"] == Array("character".utf8), "\(format)")
      }
      // Entries whose content is not read are skipped.
      var reader = reader(bytes)
      var paths: [String] = []
      while let entry = try reader.next() { paths.append(entry.path) }
      #expect(paths == entries.map(\.0), "\(format)")
    }
  }

  @Test func refusesWhatLeadsElsewhere() throws {
    for (name, text) in try Archives.read().refused {
      let bytes = try Zlib.decompress(try Archives.bytes(text), limit: 1 << 20)
      let error = thrown(FormatError.self) { try read(bytes) }
      let reason =
        name.contains("parent") || name == "absolute"
        ? "leads out of the folder" : "only files and folders"
      #expect(error?.format == "tar" && error?.message.contains(reason) == true, "\(name)")
    }
  }

  @Test func unpacksAllOrNothing() throws {
    let archives = try Archives.read()
    let root = try ScratchFolder()
    let target = try root.folder("target")
    let archive = "\(root.path)/archive"
    let bytes = try Archives.bytes(try #require(archives.good["gnu"]))
    try AtomicFile.write(bytes, to: archive)
    try Tar.unpack(archive, [archives.long, "folder/some.bin"], into: target)
    #expect(root.files == ["archive", "target/file.bin", "target/some.bin"])
    #expect(try contents("\(target)/file.bin") == Array("far away".utf8))

    let missing = thrown(FormatError.self) {
      try Tar.unpack(archive, ["folder/block.bin", "folder/none"], into: target)
    }
    #expect(missing?.message == "it does not hold folder/none")
    // A fault in the last bytes, the checksum of gzip, shows when the files are written already.
    var damaged = bytes
    damaged[damaged.count - 8] ^= 1
    try AtomicFile.write(damaged, to: archive)
    #expect(
      thrown(FormatError.self) { try Tar.unpack(archive, ["folder/block.bin"], into: target) }
        != nil)
    #expect(root.files == ["archive", "target/file.bin", "target/some.bin"])
  }

  @Test func boundsAreKept() throws {
    let text = try #require(try Archives.read().good["pax"])
    let bytes = try Zlib.decompress(try Archives.bytes(text), limit: 1 << 20)
    #expect(try read(bytes, limit: bytes.count).count == 6)
    #expect(thrown(FormatError.self) { try read(bytes, limit: bytes.count - 1) } != nil)
    #expect(thrown(FormatError.self) { try read(bytes, limit: 1000) } != nil)
    var writer = TarWriter()
    writer.add("file", [1, 2, 3], statedSize: 1 << 40)
    #expect(
      thrown(FormatError.self) { try read(writer.finished) }?.message.contains("\(1 << 40) bytes")
        == true)
    var header = TarWriter()
    header.add("file", [1, 2, 3], kind: UInt8(ascii: "x"), statedSize: 1 << 17)
    #expect(
      thrown(FormatError.self) { try read(header.finished) }?.message.contains("too long") == true)
  }

  /// Whatever is in an archive, reading it ends with entries or with a `FormatError`.
  @Test func damageIsNoDisaster() throws {
    var random = RandomSource(seed: 7)
    for (format, text) in try Archives.read().good.sorted(by: { $0.key < $1.key }) {
      let bytes = try Zlib.decompress(try Archives.bytes(text), limit: 1 << 20)
      // The end mark is needed; what follows it is not.
      let last = try #require(bytes.lastIndex { $0 != 0 })
      let end = (last / 512 + 2) * 512
      for length in Array(stride(from: 0, to: bytes.count, by: 97)) + [end - 1, end] {
        let cut = thrown(FormatError.self) { try read(Array(bytes.prefix(length))) }
        #expect((cut != nil) == (length < end), "\(format), \(length) bytes")
      }
      for round in 0..<400 {
        var damaged = bytes
        // Half of them with right checksums, so that the rest of the header is reached.
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let header = 512 * Int.random(in: 0..<(bytes.count / 512), using: &random)
          damaged[header + Int.random(in: 0..<512, using: &random)] = .random(
            in: 0...255, using: &random)
          if round % 2 == 0 { TarWriter.sign(&damaged, at: header) }
        }
        do {
          _ = try read(damaged)
        } catch {
          #expect(error is FormatError, "\(format), round \(round)")
        }
      }
    }
  }
}

/// Writes plain tar archives.
struct TarWriter {
  private var bytes: [UInt8] = []

  /// The archive with its end mark.
  var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  mutating func add(folder path: String) { add(path, [], kind: UInt8(ascii: "5")) }

  mutating func add(
    _ path: String, _ content: [UInt8], kind: UInt8 = UInt8(ascii: "0"), statedSize: Int? = nil
  ) {
    let start = bytes.count
    bytes += [UInt8](repeating: 0, count: 512)
    put(path, at: start)
    put("0000644", at: start + 100)
    let size = String(statedSize ?? content.count, radix: 8)
    // GNU's binary form where the octal digits do not fit.
    if size.utf8.count > 11 {
      let value = UInt64(statedSize ?? content.count)
      bytes[start + 124] = 0x80
      for i in 0..<8 { bytes[start + 135 - i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
    } else {
      put(String(repeating: "0", count: 11 - size.utf8.count) + size, at: start + 124)
    }
    bytes[start + 156] = kind
    put("ustar\u{0}00", at: start + 257)
    Self.sign(&bytes, at: start)
    bytes += content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  private mutating func put(_ text: String, at position: Int) {
    bytes.replaceSubrange(position..<(position + text.utf8.count), with: text.utf8)
  }

  /// Writes the checksum of the header at that position.
  static func sign(_ bytes: inout [UInt8], at start: Int) {
    bytes.replaceSubrange((start + 148)..<(start + 156), with: repeatElement(0x20, count: 8))
    let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    let text = String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\u{0}"
    bytes.replaceSubrange((start + 148)..<(start + 155), with: text.utf8)
  }
}
