import Foundation

/// The rows of a CSV file in Resources, without `skip` lines of headings, as text.
func csv(_ name: String, skip: Int) throws -> [[String]] {
  let file = Bundle.module.url(forResource: "Resources/\(name)", withExtension: nil)
  guard let file else { throw CocoaError(.fileNoSuchFile) }
  return try String(contentsOf: file, encoding: .utf8)
    .split(whereSeparator: \.isNewline).dropFirst(skip)
    .map { $0.split(separator: ",").map(String.init) }
}

/// A number with a fixed count of decimals, as the originals print it.
func printed(_ number: Double, _ decimals: Int) -> String {
  String(format: "%.\(decimals)f", number)
}
