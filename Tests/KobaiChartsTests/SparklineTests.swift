import KobaiCharts
import Testing

@Suite struct SparklineTests {
  @Test func numbersAreBlocks() {
    #expect("\(Sparkline([0, 1, 2, 3, 4, 5, 6, 7]))" == "▁▂▃▄▅▆▇█")
    #expect("\(Sparkline([0, 1, 2, 3, 2, 1, 0, 7]))" == "▁▂▃▄▃▂▁█")
    #expect("\(Sparkline([0.0, 0.5, 9], range: 0...1))" == "▁▅█")
    #expect("\(Sparkline([3, 3, 3]))" == "▄▄▄")
  }

  @Test func gapsAreSpaces() {
    #expect("\(Sparkline([0, .nan, .infinity, 1] as [Double]))" == "▁  █")
    #expect("\(Sparkline([] as [Double]))" == "")
    #expect("\(Sparkline([Double.nan]))" == " ")
    #expect("\(Sparkline([-1.7e308, 1.7e308]))" == "▁█")
  }

  @Test func manyNumbersAreMeans() {
    // Parts of 3, 3 and 4 numbers: means 1, 4 and 7.5.
    #expect("\(Sparkline(0..<10, width: 3))" == "▁▄█")
    #expect("\(Sparkline(0..<1000, width: 8))" == "▁▂▃▄▅▆▇█")
    #expect("\(Sparkline(0..<5, width: 0))".count == 1)
  }
}
