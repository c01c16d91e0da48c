import KobaiFormats
import Testing

@Suite("CIFAR")
struct CIFARTests {
  private func record(_ labels: [UInt8], _ seed: Int) -> [UInt8] {
    labels + (0..<3072).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
  }

  @Test func readsBothKindsPlainAndCompressed() throws {
    let ten = record([9], 1) + record([0], 2) + record([6], 3)
    for bytes in [ten, try Zlib.compress(ten)] {
      let batch = try CIFAR.decode(bytes, .cifar10)
      #expect(batch.count == 3)
      #expect(batch.labels == [9, 0, 6])
      #expect(batch.coarseLabels.isEmpty)
      #expect(batch.images == (1...3).flatMap { record([], $0) })
    }
    let hundred = record([19, 99], 4) + record([0, 10], 5)
    let batch = try CIFAR.decode(hundred, .cifar100)
    #expect(batch.labels == [99, 10])
    #expect(batch.coarseLabels == [19, 0])
    #expect(batch.images == record([], 4) + record([], 5))
  }

  @Test func refusesOtherFiles() throws {
    #expect(
      refusal { try CIFAR.decode([], .cifar10) }
        == "cifar: 0 bytes are not a number of CIFAR-10 records of 3073: the file was cut short or is "
        + "another format")
    let whole = record([1], 0) + record([2], 0)
    #expect(throws: FormatError.self) { try CIFAR.decode(Array(whole.dropLast()), .cifar10) }
    #expect(throws: FormatError.self) { try CIFAR.decode(whole, .cifar100) }
    #expect(
      refusal { try CIFAR.decode(record([3], 0) + record([10], 0), .cifar10) }?
        .contains("the label of record 1 is 10, but labels are 0...9") == true)
    #expect(
      refusal { try CIFAR.decode(record([20, 3], 0), .cifar100) }?
        .contains("the coarse label of record 0 is 20, but labels are 0...19") == true)
  }
}
