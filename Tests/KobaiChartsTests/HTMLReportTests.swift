import Foundation
import KobaiCharts
import KobaiFormats
import Testing

@Suite struct HTMLReportTests {
  private static let nasty = "<b>\"a\" & 'b'</b>\u{0}"
  private static let escaped = "&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;\u{FFFD}"

  private static var report: HTMLReport {
    var report = HTMLReport(title: nasty, subtitle: nasty)
    report.tile(nasty, nasty, note: nasty)
    report.paragraph("first\n\nsecond " + nasty)
    report.heading(nasty)
    report.preformatted("a\n  b " + nasty, caption: nasty)
    report.table(
      header: ["epoch", "loss", nasty], rows: [["1", "0.5", "good"], ["2", "1e-3"]],
      caption: nasty)
    report.figure(Chart(title: nasty) { $0.plot([1, 2]) }, caption: nasty)
    report.heading("second section")
    report.figure(svg: "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n")
    return report
  }

  /// The page written so that an XML parser can read it, too.
  private static func parsed(_ html: String) -> Drawing {
    Drawing(
      html.replacingOccurrences(of: "<!DOCTYPE html>\n", with: "")
        .replacing(/<(meta[^>]*)>/) { "<\($0.1)/>" })
  }

  @Test func everythingIsEscapedAndNested() {
    let html = Self.report.html
    let page = Self.parsed(html)
    #expect(page.error == nil)
    #expect(html.components(separatedBy: Self.escaped).count - 1 >= 12)
    #expect(!html.contains("<b>"))
    #expect(page.all("section").count == 3)
    #expect(page.all("h2").count == 2)
    #expect(page.all("p").map(\.text).filter { $0 == "first" }.count == 1)
    #expect(page.all("svg").count == 2)
    #expect(!html.contains("<?xml"))
    #expect(page.all("td").count == 6)
  }

  @Test func numbersAreAlignedRight() {
    let rows = [
      ["1", "97.8 %", "−3.5e-7", "name", "3 × 4", "1.5 s", "2024-01-02", "[3, 4]"],
      ["20", "9 %", "nan", "2nd", "2 × 2", "20 ms", "2024-01-03", "[1]"],
    ]
    var report = HTMLReport(title: "t")
    report.table(rows: rows)
    let classes = Self.parsed(report.html).all("td").prefix(8).map { $0.attributes["class"] }
    #expect(classes[0] == "number" && classes[1] == "number" && classes[2] == "number")
    #expect(classes[3] == nil && classes[4] == nil && classes[7] == nil)
    #expect(classes[5] == "number")
  }

  @Test func thePageNeedsNothingElse() {
    let html = Self.report.html
    #expect(!html.contains("<script") && !html.contains("<link") && !html.contains("@import"))
    let links = html.matches(of: /(?:href|src)="([^"]*)"/).map { String($0.1) }
    #expect(links.allSatisfy { $0.hasPrefix("data:") })
    #expect(html.contains("prefers-color-scheme:dark"))
    #expect(html == Self.report.html)
  }

  @Test func aReportIsWrittenWholeOrNotAtAll() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "report.html").path
    try Self.report.write(to: file)
    #expect(try String(contentsOfFile: file, encoding: .utf8) == Self.report.html)
    #expect(throws: FileError.self) { try Self.report.write(to: folder.path + "/none/report.html") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report.html"])
  }

  @Test func anEmptyReportIsAPage() {
    #expect(Self.parsed(HTMLReport(title: "").html).error == nil)
    var report = HTMLReport(title: "t")
    report.table(rows: [])
    report.paragraph("")
    report.preformatted("")
    #expect(Self.parsed(report.html).error == nil)
  }
}
