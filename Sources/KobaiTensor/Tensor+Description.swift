import CKernels

// Printing, as PyTorch prints: https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
// One width for all elements, four digits, scientific notation where magnitudes differ much, the middle of
// large tensors left out.

extension Tensor: CustomStringConvertible, CustomDebugStringConvertible {
  /// The elements as PyTorch prints them, with dtype, shape and origin where they are not obvious.
  ///
  ///     print(Tensor([[1, 2.5], [3, 4]]))
  ///     // tensor([[1.0000, 2.5000],
  ///     //         [3.0000, 4.0000]])
  public var description: String {
    let now = current.value
    let indent = "tensor(".count
    let text: String
    var suffixes: [String] = []
    if now.meta.has(Value.Meta.poison) {
      text = "<poisoned>"
    } else if let tracer = now.tracer {
      text = "<\(now.type) inside \(tracer.interpreter.name)>"
    } else {
      if now.count == 0 {
        text = "[]"
        if now.shape.count != 1 {
          let sizes = now.shape.map(String.init).joined(separator: ", ")
          suffixes.append("size=(\(sizes))")
        }
      } else {
        text = TensorFormatter(now).text(indent: indent)
      }
      let isUsual =
        now.dtype == .default
        || now.count > 0
          && (now.dtype == .int64 || now.dtype == .bool || now.dtype == DType.default.complex)
      if !isUsual { suffixes.append("dtype=\(now.dtype)") }
    }
    if let node, !isLeaf {
      suffixes.append("grad_fn=<\(node.name)>")
    } else if requiresGrad {
      suffixes.append("requires_grad=True")
    }
    return Self.join("tensor(" + text, suffixes, indent: indent)
  }

  public var debugDescription: String { description }

  private static func join(_ text: String, _ suffixes: [String], indent: Int) -> String {
    var result = text
    var lineLength =
      text.count
      - (text.lastIndex(of: "\n").map { text.distance(from: text.startIndex, to: $0) } ?? -1) + 1
    for suffix in suffixes {
      if lineLength + suffix.count + 2 > TensorFormatter.lineWidth {
        result += ",\n" + String(repeating: " ", count: indent) + suffix
        lineLength = indent + suffix.count
      } else {
        result += ", " + suffix
        lineLength += suffix.count + 2
      }
    }
    return result + ")"
  }
}

/// The text of one tensor's elements.
private struct TensorFormatter {
  static let lineWidth = 80
  private static let precision = 4
  private static let threshold = 1000
  private static let edgeItems = 3

  private let value: Value
  private let isSummarized: Bool
  private let real: NumberFormat
  private let imaginary: NumberFormat?

  init(_ value: Value) {
    self.value = value
    isSummarized = value.count > Self.threshold
    var numbers: [Number] = []
    Self.visit(value.layout, summarized: isSummarized) { offset in
      numbers.append(Self.number(value, at: offset))
    }
    real = NumberFormat(numbers.map(\.real), dtype: value.dtype)
    imaginary =
      value.dtype.isComplex ? NumberFormat(numbers.map(\.imaginary), dtype: value.dtype) : nil
  }

  func text(indent: Int) -> String { text(dim: 0, offset: 0, indent: indent) }

  private func text(dim: Int, offset: Int, indent: Int) -> String {
    let layout = value.layout
    guard dim < layout.rank else { return element(at: offset) }
    let (size, stride) = (layout.shape[dim], layout.strides[dim])
    let isCut = isSummarized && size > 2 * Self.edgeItems
    let kept = isCut ? Array(0..<Self.edgeItems) + (size - Self.edgeItems..<size) : Array(0..<size)
    var parts = kept.map { text(dim: dim + 1, offset: offset + $0 * stride, indent: indent + 1) }
    if dim == layout.rank - 1 {
      if isCut { parts.insert(" ...", at: Self.edgeItems) }
      let length = real.width + 2 + (imaginary.map { $0.width + 1 } ?? 0)
      let perLine = max(1, (Self.lineWidth - indent) / length)
      let lines = chunks(parts, perLine).map { $0.joined(separator: ", ") }
      return "[" + lines.joined(separator: ",\n" + String(repeating: " ", count: indent + 1)) + "]"
    }
    if isCut { parts.insert("...", at: Self.edgeItems) }
    let separator =
      "," + String(repeating: "\n", count: layout.rank - dim - 1)
      + String(repeating: " ", count: indent + 1)
    return "[" + parts.joined(separator: separator) + "]"
  }

  private func chunks(_ parts: [String], _ size: Int) -> [ArraySlice<String>] {
    stride(from: 0, to: parts.count, by: size).map { parts[$0..<min($0 + size, parts.count)] }
  }

  private func element(at offset: Int) -> String {
    let number = Self.number(value, at: offset)
    let text = real.text(number.real)
    guard let imaginary else { return text }
    var other = imaginary.text(number.imaginary) + "j"
    other.removeFirst(other.count - other.drop { $0 == " " }.count)
    return text + (other.hasPrefix("-") ? "" : "+") + other
  }

  /// The offsets of the elements that are shown.
  private static func visit(_ layout: Layout, summarized: Bool, _ body: (Int) -> Void) {
    func visit(_ dim: Int, _ offset: Int) {
      guard dim < layout.rank else { return body(offset) }
      let size = layout.shape[dim]
      for i in 0..<size
      where !(summarized && size > 2 * edgeItems) || i < edgeItems || i >= size - edgeItems {
        visit(dim + 1, offset + i * layout.strides[dim])
      }
    }
    visit(0, 0)
  }

  private struct Number {
    var real: Scalar
    var imaginary: Scalar = .real(0)
  }

  private static func number(_ value: Value, at offset: Int) -> Number {
    let dtype = value.dtype
    return value.withElements { pointer, _ in
      let place = pointer + offset * dtype.size
      switch dtype {
      case .complex64:
        return Number(
          real: .real(Double(place.loadUnaligned(as: Float.self))),
          imaginary: .real(Double(place.loadUnaligned(fromByteOffset: 4, as: Float.self))))
      case .complex128:
        return Number(
          real: .real(place.loadUnaligned(as: Double.self)),
          imaginary: .real(place.loadUnaligned(fromByteOffset: 8, as: Double.self)))
      default:
        var bits: UInt64 = 0
        withUnsafeMutableBytes(of: &bits) {
          $0.copyMemory(from: UnsafeRawBufferPointer(start: place, count: dtype.size))
        }
        if dtype == .bool { return Number(real: .bool(bits != 0)) }
        return Number(
          real: dtype.isInteger
            ? .integer(kb_scalar_to_int64(dtype.code, bits))
            : .real(kb_scalar_to_double(dtype.code, bits)))
      }
    }
  }

  fileprivate enum Scalar {
    case bool(Bool)
    case integer(Int64)
    case real(Double)
  }

  /// How the numbers of one tensor are written, all with one width.
  private struct NumberFormat {
    private(set) var width = 1
    private var isWhole = true
    private var isScientific = false

    init(_ numbers: [Scalar], dtype: DType) {
      guard dtype.isFloatingPoint || dtype.isComplex else {
        width = numbers.map { text($0).count }.max() ?? 1
        return
      }
      let finite = numbers.compactMap { number -> Double? in
        guard case .real(let x) = number, x.isFinite, x != 0 else { return nil }
        return x
      }
      let magnitudes = finite.map { abs($0) }
      guard let smallest = magnitudes.min(), let largest = magnitudes.max() else { return }
      isWhole = finite.allSatisfy { $0 == $0.rounded(.up) }
      isScientific =
        largest / smallest > 1000 || largest > 1e8 || !isWhole && smallest < 1e-4
      width = finite.map { text(.real($0)).count }.max() ?? 1
    }

    func text(_ number: Scalar) -> String {
      let text =
        switch number {
        case .bool(let flag): flag ? "True" : "False"
        case .integer(let x): String(x)
        case .real(let x): format(x)
        }
      return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func format(_ x: Double) -> String {
      if x.isNaN { return "nan" }
      if x.isInfinite { return x < 0 ? "-inf" : "inf" }
      if isWhole && !isScientific { return digits(x, 0, scientific: false) + "." }
      return digits(x, TensorFormatter.precision, scientific: isScientific)
    }

    private func digits(_ x: Double, _ precision: Int, scientific: Bool) -> String {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
        guard let start = buffer.baseAddress else { return "" }
        let length = kb_format_double(start, x, Int32(precision), scientific ? 1 : 0)
        return String(
          decoding: UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(buffer)[..<Int(length)]),
          as: UTF8.self)
      }
    }
  }
}
