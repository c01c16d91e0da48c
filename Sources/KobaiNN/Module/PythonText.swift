import KobaiOperators

// Python's spellings, for descriptions that equal PyTorch's.

extension Bool {
  /// `True`, `False`.
  var python: String { self ? "True" : "False" }
}

extension Double {
  /// `1e-05`, `0.1`, `2.0`.
  var python: String {
    let text = "\(self)"
    guard let e = text.firstIndex(of: "e"), text[text.index(after: e)] == "-" else { return text }
    let digits = text[text.index(e, offsetBy: 2)...]
    let mantissa = text[..<e]
    let head = mantissa.hasSuffix(".0") ? mantissa.dropLast(2) : mantissa
    return "\(head)e-\(digits.count < 2 ? "0" : "")\(digits)"
  }
}

extension [Int] {
  /// `(3,)`, `(3, 3)`.
  var pythonTuple: String {
    count == 1 ? "(\(self[0]),)" : "(" + map(String.init).joined(separator: ", ") + ")"
  }
}

extension PerDimension {
  /// A single number as it is, several as a tuple.
  var python: String {
    let sizes = perDimension
    return sizes.count == 1 ? "\(sizes[0])" : sizes.pythonTuple
  }
}
