import KobaiFormats
import Testing

/// Vectors of FIPS 180-4's example values and NIST's byte-oriented test file (SHA256ShortMsg.rsp).
@Suite("SHA-256")
struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ("11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
    ("74ba2521", "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"),
  ])
  func givesTheStandardsDigests(_ message: String, _ digest: String) {
    #expect(SHA256.hexDigest(bytes(hex: message)) == digest)
  }

  @Test func digestsLongerMessages() {
    #expect(
      SHA256.hexDigest(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hexDigest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// However a message is cut into pieces, its digest is one.
  @Test func doesNotDependOnPieces() {
    let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
    let whole = SHA256.hexDigest(message)
    for size in [1, 7, 55, 56, 63, 64, 65, 128, 299] {
      var hash = SHA256()
      for start in stride(from: 0, to: message.count, by: size) {
        hash.update(Array(message[start..<min(start + size, message.count)]))
      }
      #expect(hash.finish() == bytes(hex: whole))
    }
  }

  @Test func digestsFiles() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("message")
    let message = (0..<600_001).map { UInt8(truncatingIfNeeded: $0 >> 3) }
    try AtomicFile.write(message, to: path)
    #expect(try SHA256.hexDigest(contentsOf: path) == SHA256.hexDigest(message))
    #expect(throws: FileError.self) { try SHA256.hexDigest(contentsOf: path + ".missing") }
  }
}
