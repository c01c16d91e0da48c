import KobaiFormats

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of cases: `index.jsonl` and the safetensors files that it names.
public final class Suite {
  /// The folder.
  public let path: String
  /// The cases in the order of the index.
  public let cases: [Case]

  private var opened: (file: String, tensors: SafeTensors)?

  /// Reads the index.
  ///
  /// - Throws: `FileError` if there is none, `SuiteError` if a line of it is not a case.
  public init(_ path: String, selection: Selection = Selection()) throws {
    self.path = path
    let index = try MappedFile("\(path)/index.jsonl")
    var cases: [Case] = []
    for (number, line) in index.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
      let bytes = UnsafeRawBufferPointer(rebasing: line)
      do {
        var item = try JSONDecoder().decode(Case.self, from: Data(bytes))
        guard selection.contains(item) else { continue }
        item.orderGradients(asIn: String(decoding: bytes, as: UTF8.self))
        cases.append(item)
      } catch {
        throw SuiteError("\(path)/index.jsonl: line \(number + 1) is not a case: \(error)")
      }
    }
    self.cases = cases
  }

  /// Cases that have been read before, of the folder `path`.
  public init(_ path: String, cases: [Case]) {
    self.path = path
    self.cases = cases
  }

  /// The tensors of one case's file. The file last used stays open: neighbouring cases share it.
  ///
  /// - Throws: `FileError`, `SafeTensorsError`.
  public func tensors(of item: Case) throws -> SafeTensors {
    if let opened, opened.file == item.file { return opened.tensors }
    let tensors = try SafeTensors(contentsOf: "\(path)/\(item.file)")
    opened = (item.file, tensors)
    return tensors
  }
}

/// Which cases to run; every condition that is stated must hold.
public struct Selection: Sendable {
  /// A pattern for a case's id or call: `*` is any text, `?` one character, `[ab]` one of several.
  public var only: String?
  public var tier: Int?
  /// Empty: all kinds.
  public var kinds: Set<String>

  public init(only: String? = nil, tier: Int? = nil, kinds: Set<String> = []) {
    self.only = only
    self.tier = tier
    self.kinds = kinds
  }

  public func contains(_ item: Case) -> Bool {
    if let tier, item.tier != tier { return false }
    if !kinds.isEmpty && !kinds.contains(item.kind) { return false }
    guard let only else { return true }
    return fnmatch(only, item.id, 0) == 0 || fnmatch(only, item.subject, 0) == 0
  }
}

/// A folder of cases that cannot be read.
public struct SuiteError: Error, Sendable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}
