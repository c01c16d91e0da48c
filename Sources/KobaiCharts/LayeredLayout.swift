/// Places of boxes in layers, each edge pointing downwards: the method of Sugiyama, Tagawa and Toda
/// (1981) in its plainest form.
///
/// A box lies as low as its successors allow. An edge over several layers passes through invisible boxes;
/// sweeps order each layer by the mean place of the neighbours, then move boxes towards them.
struct LayeredLayout {
  struct Size { var width, height: Double }
  struct Point { var x, y: Double }
  struct Box {
    var x: Double  // of the centre
    var top: Double
    var size: Size
  }

  /// One for each box that was asked for.
  private(set) var boxes: [Box] = []
  /// One for each edge, from the lower side of a box to the upper side of another.
  private(set) var paths: [[Point]] = []
  private(set) var width = 0.0
  private(set) var height = 0.0

  private static let (gapX, gapY, margin) = (14.0, 26.0, 8.0)

  private var sizes: [Size]
  private var layers: [[Int]] = []
  private var above: [[Int]]
  private var below: [[Int]]
  private var centers: [Double] = []

  /// - Parameter edges: pairs of numbers in `sizes`, without cycles.
  init(sizes: [Size], edges: [(Int, Int)]) {
    self.sizes = sizes
    let layerOf = Self.layers(count: sizes.count, edges)
    layers = Array(repeating: [], count: (layerOf.max() ?? -1) + 1)
    for (box, layer) in layerOf.enumerated() { layers[layer].append(box) }
    above = Array(repeating: [], count: sizes.count)
    below = above
    let chains = edges.map { chain($0, layerOf) }
    for _ in 0..<8 { sweep() }
    align()
    place(count: sizes.count, chains)
  }

  /// Layer 0 is the uppermost.
  private static func layers(count: Int, _ edges: [(Int, Int)]) -> [Int] {
    var successors = Array(repeating: [Int](), count: count)
    var predecessors = successors
    for (from, to) in edges {
      successors[from].append(to)
      predecessors[to].append(from)
    }
    var waiting = successors.map(\.count)
    var ready = waiting.indices.filter { waiting[$0] == 0 }
    var fromBelow = [Int](repeating: 0, count: count)
    while let box = ready.popLast() {
      fromBelow[box] = (successors[box].map { fromBelow[$0] }.max() ?? -1) + 1
      for other in predecessors[box] {
        waiting[other] -= 1
        if waiting[other] == 0 { ready.append(other) }
      }
    }
    let last = fromBelow.max() ?? 0
    return fromBelow.map { last - $0 }
  }

  /// The boxes that an edge passes through, the invisible ones made here.
  private mutating func chain(_ edge: (Int, Int), _ layerOf: [Int]) -> [Int] {
    var chain = [edge.0]
    for layer in (layerOf[edge.0] + 1)..<max(layerOf[edge.1], layerOf[edge.0] + 1) {
      sizes.append(Size(width: 4, height: 0))
      above.append([])
      below.append([])
      layers[layer].append(sizes.count - 1)
      chain.append(sizes.count - 1)
    }
    chain.append(edge.1)
    for (a, b) in zip(chain, chain.dropFirst()) {
      below[a].append(b)
      above[b].append(a)
    }
    return chain
  }

  /// Orders the layers downwards by what is above, then upwards by what is below.
  private mutating func sweep() {
    var place = [Double](repeating: 0, count: sizes.count)
    func number(_ layer: [Int]) {
      for (i, box) in layer.enumerated() { place[box] = Double(i) }
    }
    func ordered(_ layer: [Int], by neighbours: [[Int]]) -> [Int] {
      let keys = layer.map { box -> Double in
        let near = neighbours[box]
        if near.isEmpty { return place[box] }
        return near.reduce(0) { $0 + place[$1] } / Double(near.count)
      }
      // Stable: equal keys keep their order.
      return layer.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { layer[$0] }
    }
    for layer in layers { number(layer) }
    for i in layers.indices.dropFirst() {
      layers[i] = ordered(layers[i], by: above)
      number(layers[i])
    }
    for i in layers.indices.dropLast().reversed() {
      layers[i] = ordered(layers[i], by: below)
      number(layers[i])
    }
  }

  /// Moves boxes towards the mean of their neighbours, without changing the order.
  private mutating func align() {
    centers = [Double](repeating: 0, count: sizes.count)
    for layer in layers { pack(layer, towards: layer.map { _ in 0 }) }
    for round in 0..<24 {
      let downwards = round % 2 == 0
      for i in downwards ? Array(layers.indices) : layers.indices.reversed() {
        let neighbours = downwards ? above : below
        let wishes = layers[i].map { box -> Double in
          let near = neighbours[box].isEmpty ? above[box] + below[box] : neighbours[box]
          if near.isEmpty { return centers[box] }
          return near.reduce(0) { $0 + centers[$1] } / Double(near.count)
        }
        pack(layers[i], towards: wishes)
      }
    }
  }

  /// The mean of the places when pushed from the left and when pushed from the right keeps the gaps.
  private mutating func pack(_ layer: [Int], towards wishes: [Double]) {
    func room(_ i: Int) -> Double {
      (sizes[layer[i]].width + sizes[layer[i + 1]].width) / 2 + Self.gapX
    }
    var (left, right) = (wishes, wishes)
    for i in layer.indices.dropFirst() { left[i] = max(wishes[i], left[i - 1] + room(i - 1)) }
    for i in layer.indices.dropLast().reversed() {
      right[i] = min(wishes[i], right[i + 1] - room(i))
    }
    for (i, box) in layer.enumerated() { centers[box] = (left[i] + right[i]) / 2 }
  }

  private mutating func place(count: Int, _ chains: [[Int]]) {
    let left = sizes.indices.map { centers[$0] - sizes[$0].width / 2 }.min() ?? 0
    let right = sizes.indices.map { centers[$0] + sizes[$0].width / 2 }.max() ?? 0
    width = right - left + 2 * Self.margin
    var tops = [Double](repeating: 0, count: sizes.count)
    height = Self.margin
    for layer in layers {
      let tallest = layer.map { sizes[$0].height }.max() ?? 0
      for box in layer { tops[box] = height + (tallest - sizes[box].height) / 2 }
      height += tallest + Self.gapY
    }
    height += Self.margin - Self.gapY
    let shift = Self.margin - left
    boxes = (0..<count).map { Box(x: centers[$0] + shift, top: tops[$0], size: sizes[$0]) }
    paths = chains.map { chain in
      var points = [
        Point(x: centers[chain[0]] + shift, y: tops[chain[0]] + sizes[chain[0]].height)
      ]
      for box in chain.dropFirst() { points.append(Point(x: centers[box] + shift, y: tops[box])) }
      return points
    }
  }
}
