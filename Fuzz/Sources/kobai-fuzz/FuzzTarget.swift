/// One reader under fuzzing.
struct FuzzTarget: Sendable {
  let name: String
  /// The longest input: short ones are quick, and find nearly all there is to find.
  let maximalLength: Int
  /// Words of the format, which random changes would hardly ever spell.
  var words: [String] = []
  /// Where to begin.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// Must return for every input. An error that the reader throws is a correct answer; a trap, a fault
  /// that the sanitizer finds, or a violated `demand` is a finding.
  let run: @Sendable ([UInt8]) throws -> Void
}

/// Stops the program unless a property holds.
func demand(_ holds: Bool, _ property: @autoclosure () -> String) {
  guard holds else { fatalError("violated: \(property())") }
}

/// All targets; the script takes their names.
let fuzzTargets: [FuzzTarget] = [
  .safetensors, .json, .idx, .gzip, .png, .npy, .csv, .table, .checkpoint,
]
