import CFuzzer
import Foundation

// kobai-fuzz TARGET [options of libFuzzer]: see Scripts/fuzz.sh.

let names = fuzzTargets.map(\.name).joined(separator: ", ")
guard CommandLine.arguments.count > 1,
  let target = fuzzTargets.first(where: { $0.name == CommandLine.arguments[1] })
else {
  FileHandle.standardError.write(
    Data("usage: kobai-fuzz TARGET [options]; targets: \(names)\n".utf8))
  exit(2)
}
let run = target.run

let folder = ".build/fuzz/\(target.name)"
for part in ["corpus", "findings"] {
  try FileManager.default.createDirectory(
    atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
}
for (index, seed) in try target.seeds().enumerated() {
  try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/corpus/seed-\(index)"))
}
let dictionary = target.words.map { word in
  "\"" + word.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n"
}
try Data(dictionary.joined().utf8).write(to: URL(fileURLWithPath: "\(folder)/words.dict"))

var options = [
  CommandLine.arguments[0], "-max_len=\(target.maximalLength)",
  "-artifact_prefix=\(folder)/findings/",
]
if !target.words.isEmpty { options.append("-dict=\(folder)/words.dict") }
options += CommandLine.arguments.dropFirst(2)
// Files among the arguments are findings to run again; without them the corpus grows.
if !CommandLine.arguments.dropFirst(2).contains(where: { !$0.hasPrefix("-") }) {
  options.append("\(folder)/corpus")
}

var count = Int32(options.count)
var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(capacity: options.count)
for (index, option) in options.enumerated() { values?[index] = strdup(option) }
exit(
  LLVMFuzzerRunDriver(&count, &values) { data, size in
    try? run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
  })
