extension HTMLReport {
  /// The page.
  public var html: String {
    var lines = [
      "<!DOCTYPE html>",
      "<html lang=\"\(Markup.escaped(language))\">",
      "<head>",
      "<meta charset=\"utf-8\">",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
      "<meta name=\"color-scheme\" content=\"light dark\">",
      "<title>\(Markup.escaped(title))</title>",
      "<style>\(Self.style)</style>",
      "</head>",
      "<body>",
      "<main>",
      "<header>",
      "<h1>\(Markup.escaped(title))</h1>",
    ]
    if !subtitle.isEmpty { lines.append("<p class=\"subtitle\">\(Markup.escaped(subtitle))</p>") }
    lines.append("</header>")
    lines += tileLines
    var isInSection = false
    for block in blocks {
      if case .heading(let text) = block {
        if isInSection { lines.append("</section>") }
        lines += ["<section>", "<h2>\(Markup.escaped(text))</h2>"]
        isInSection = true
      } else {
        // What stands before the first heading has a section without one.
        if !isInSection { lines.append("<section>") }
        isInSection = true
        lines += Self.lines(of: block)
      }
    }
    if isInSection { lines.append("</section>") }
    lines += ["</main>", "</body>", "</html>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private var tileLines: [String] {
    if tiles.isEmpty { return [] }
    var lines = ["<dl class=\"tiles\">"]
    for tile in tiles {
      var line = "<div><dt>\(Markup.escaped(tile.label))</dt>"
      line += "<dd class=\"value\">\(Markup.escaped(tile.value))</dd>"
      if !tile.note.isEmpty { line += "<dd class=\"note\">\(Markup.escaped(tile.note))</dd>" }
      lines.append(line + "</div>")
    }
    return lines + ["</dl>"]
  }

  private static func lines(of block: Block) -> [String] {
    switch block {
    case .heading: return []
    case .paragraph(let text): return paragraphs(text)
    case .preformatted(let text, let caption):
      // Parsers drop a line end that follows the tag.
      return framed(["<pre tabindex=\"0\">\n\(Markup.escaped(text))</pre>"], caption)
    case .figure(let svg, let caption): return framed([embedded(svg)], caption)
    case .table(let header, let rows, let caption):
      return table(header, rows, caption)
    }
  }

  private static func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .split { $0.allSatisfy(\.isWhitespace) }
      .map { "<p>\(Markup.escaped($0.joined(separator: "\n")))</p>" }
  }

  private static func framed(_ content: [String], _ caption: String) -> [String] {
    let words = caption.isEmpty ? [] : ["<figcaption>\(Markup.escaped(caption))</figcaption>"]
    return ["<figure>"] + content + words + ["</figure>"]
  }

  /// An XML declaration or document type may not stand inside of a page.
  private static func embedded(_ svg: String) -> String {
    guard let start = svg.firstRange(of: "<svg") else { return Markup.escaped(svg) }
    var text = String(svg[start.lowerBound...])
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static func table(
    _ header: [String], _ rows: [[String]], _ caption: String
  ) -> [String] {
    let count = max(header.count, rows.map(\.count).max() ?? 0)
    let isNumeric = (0..<count).map { column in
      let cells = rows.compactMap { $0.indices.contains(column) ? $0[column] : nil }
      return cells.contains(where: { !$0.isEmpty }) && cells.allSatisfy(Self.isNumber)
    }
    func row(_ cells: [String], _ tag: String, _ attributes: String = "") -> String {
      let written = (0..<count).map { column in
        let text = cells.indices.contains(column) ? Markup.escaped(cells[column]) : ""
        return
          "<\(tag)\(attributes)\(isNumeric[column] ? " class=\"number\"" : "")>\(text)</\(tag)>"
      }
      return "<tr>" + written.joined() + "</tr>"
    }
    var lines = ["<div class=\"wide\" tabindex=\"0\">", "<table>"]
    if !caption.isEmpty { lines.append("<caption>\(Markup.escaped(caption))</caption>") }
    if !header.isEmpty { lines.append("<thead>\(row(header, "th", " scope=\"col\""))</thead>") }
    lines.append("<tbody>")
    lines += rows.map { row($0, "td") }
    return lines + ["</tbody>", "</table>", "</div>"]
  }

  /// "12", "−3.5e-7", "98 %", "1 024", "1.5 s": begins like a number, with at most a short unit.
  private static func isNumber(_ text: String) -> Bool {
    if ["", "-", "–", "—", "nan", "NaN", "inf", "-inf"].contains(text) { return true }
    let digits = text.drop { "+-−~≈<>≤≥ ".contains($0) }
    guard let first = digits.first, first.isASCII, first.isNumber || first == "." else {
      return false
    }
    let letters = digits.split { !$0.isLetter }
    return letters.count <= 1 && letters.allSatisfy { $0.count <= 3 }
      && !digits.contains(where: { "[](){}:/×;".contains($0) })
  }

  private static let style = """

    :root{--paper:#fff;--page:#f5f6f8;--ink:#1d232b;--muted:#59626d;--line:#e0e4e8;--code:#f5f6f8}
    @media (prefers-color-scheme:dark){
    :root{--paper:#14171c;--page:#0c0e11;--ink:#e6e8eb;--muted:#a3acb7;--line:#2c323a;--code:#1b1f25}
    }
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);\
    font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
    main{max-width:760px;margin:0 auto;padding:32px 20px 64px}
    h1{font-size:30px;line-height:1.2;margin:0;overflow-wrap:anywhere}
    h2{font-size:20px;margin:0 0 12px}
    p{margin:0 0 12px;overflow-wrap:anywhere}
    .subtitle{color:var(--muted);margin:6px 0 0}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;\
    margin:24px 0 0}
    .tiles div,section{background:var(--paper);border:1px solid var(--line);border-radius:10px}
    .tiles div{padding:12px 16px}
    dt{font-size:13px;color:var(--muted)}
    dd{margin:0;overflow-wrap:anywhere}
    .value{font-size:26px;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
    .note{font-size:13px;color:var(--muted)}
    section{margin:20px 0 0;padding:20px}
    figure{margin:0 0 16px}
    figure svg{display:block;max-width:100%;height:auto;margin:0 auto}
    figcaption,caption{font-size:13px;color:var(--muted);margin-top:6px;text-align:left}
    caption{caption-side:bottom;padding-top:6px}
    pre{margin:0;padding:14px 16px;overflow-x:auto;background:var(--code);border-radius:8px;\
    font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
    .wide{overflow-x:auto;margin:0 0 16px}
    table{border-collapse:collapse;width:100%;font-size:14px}
    th,td{text-align:left;vertical-align:top;padding:6px 10px;border-bottom:1px solid var(--line)}
    th{font-weight:600;color:var(--muted)}
    .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    section>:last-child{margin-bottom:0}
    @media print{body{background:none}figure,tr,.tiles div{break-inside:avoid}h2{break-after:avoid}}

    """
}
