import KobaiFormats

extension FuzzTarget {
  static let json = FuzzTarget(
    name: "json", maximalLength: 160,
    words: [
      "true", "false", "null", "\\u00e9", "\\ud83d\\ude00", "1e308", "-0", "{\"a\":", "[[", "]]",
    ],
    seeds: {
      [#"{"a":[1,2.5e3,"x\n\u00e9"],"b":{"c":null,"d":[true,false,{}]}}"#, "[]", "-0.0e+1"].map {
        Array($0.utf8)
      }
    },
    run: { bytes in
      let value = try JSON.decode(bytes)
      for indented in [false, true] {
        guard let text = try? value.encode(indented: indented) else {
          fatalError("a value that was read cannot be written")
        }
        demand((try? JSON.decode(text)) == value, "a value is kept")
      }
    })
}
