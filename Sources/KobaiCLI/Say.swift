import Kobai

/// Writes a line to the standard output at once, in order with the progress that is shown there.
func say(_ text: some CustomStringConvertible) { Terminal.write("\(text)\n") }
