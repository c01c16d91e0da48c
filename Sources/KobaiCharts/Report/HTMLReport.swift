import KobaiFormats

/// A report as one HTML page that needs nothing else: no scripts, fonts or other files.
///
///     var report = HTMLReport(title: "MNIST", subtitle: "a perceptron, 5 epochs")
///     report.tile("Test accuracy", "97.8 %", note: "9784 of 10000")
///     report.heading("Training")
///     report.figure(LearningCurve(train: train, validation: validation))
///     report.heading("Model")
///     report.preformatted(summary)
///     try report.write(to: "report.html")
///
/// The page follows the reader's choice of light or dark, and prints well. It holds no time and no
/// machine name unless they are given: the same report gives the same bytes.
public struct HTMLReport: Sendable {
  /// The page's name and first line.
  public var title: String
  /// Below the title; empty for none.
  public var subtitle: String
  /// Of the text, for screen readers and hyphenation: "en", "ja".
  public var language: String

  enum Block: Sendable {
    case heading(String)
    case paragraph(String)
    case preformatted(String, caption: String)
    case table(header: [String], rows: [[String]], caption: String)
    case figure(svg: String, caption: String)
  }
  struct Tile: Sendable {
    let label, value, note: String
  }
  private(set) var tiles: [Tile] = []
  private(set) var blocks: [Block] = []

  /// A page without content.
  public init(title: String, subtitle: String = "", language: String = "en") {
    self.title = title
    self.subtitle = subtitle
    self.language = language
  }

  /// A key number; all stand at the top of the page.
  public mutating func tile(_ label: String, _ value: String, note: String = "") {
    tiles.append(Tile(label: label, value: value, note: note))
  }

  /// Begins a section.
  public mutating func heading(_ text: String) { blocks.append(.heading(text)) }

  /// Text; empty lines in it separate paragraphs.
  public mutating func paragraph(_ text: String) { blocks.append(.paragraph(text)) }

  /// Text whose spaces and line ends matter, such as a model's summary.
  public mutating func preformatted(_ text: String, caption: String = "") {
    blocks.append(.preformatted(text, caption: caption))
  }

  /// A table; columns of numbers are right-aligned. Rows may differ in length.
  public mutating func table(header: [String] = [], rows: [[String]], caption: String = "") {
    blocks.append(.table(header: header, rows: rows, caption: caption))
  }

  /// A panel, 640 pixels wide or as wide as a narrower window.
  public mutating func figure(_ panel: some Panel, caption: String = "") {
    figure(svg: panel.svg, caption: caption)
  }

  /// A figure that is already SVG, such as `GraphDrawing(of: loss).svg`; it is copied as it is.
  public mutating func figure(svg: String, caption: String = "") {
    blocks.append(.figure(svg: svg, caption: caption))
  }

  /// Writes the page as a file, complete or not at all.
  ///
  /// - Throws: `FileError` that names the file and the system's reason.
  public func write(to path: String) throws(FileError) {
    try AtomicFile.write(Array(html.utf8), to: path)
  }
}
