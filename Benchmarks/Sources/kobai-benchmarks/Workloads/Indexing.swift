import Kobai

private let (rows, width) = (16384, 1024)
private let elements = Double(rows * width)

let indexing = [
  kernel(
    "gather", Work(reads: (4 + 8) * elements, writes: 4 * elements),
    inputs: { [$0.uniform([rows, width]), $0.integers([rows, width], below: width)] }
  ) { $0[0].gather(dim: 1, index: $0[1]) },
  kernel(
    "scatter-add", Work(reads: (4 + 4 + 8) * elements, writes: 4 * elements),
    inputs: {
      [
        $0.uniform([rows, width]), $0.integers([rows, width], below: width),
        $0.uniform([rows, width]),
      ]
    }
  ) { $0[0].scatterAdd(dim: 1, index: $0[1], src: $0[2]) },
  kernel(
    "index-select", Work(reads: 4 * elements, writes: 4 * elements),
    inputs: { [$0.uniform([rows, width]), $0.integers([rows], below: rows)] }
  ) { $0[0].indexSelect(dim: 0, index: $0[1]) },
  kernel(
    "embedding", Work(reads: 4 * 32768 * 256, writes: 4 * 32768 * 256),
    inputs: { [$0.uniform([50000, 256]), $0.integers([64, 512], below: 50000)] }
  ) { $0[1].embedding($0[0]) },
  kernel(
    "embedding-grad", Work(reads: 4 * 32768 * 256, writes: 4 * 50000 * 256), gradient: 0,
    inputs: { [$0.uniform([50000, 256]), $0.integers([64, 512], below: 50000)] }
  ) { $0[1].embedding($0[0]) },
  kernel("sort-1048576", Work(), inputs: { [$0.uniform([1 << 20])] }) { $0[0].sort().values },
  kernel("sort-4096x256", Work(), inputs: { [$0.uniform([4096, 256])] }) { $0[0].sort().values },
  kernel("topk-4096x1024", Work(), inputs: { [$0.uniform([4096, 1024])] }) {
    $0[0].topk(10).values
  },
  kernel("topk-1048576", Work(), inputs: { [$0.uniform([1 << 20])] }) { $0[0].topk(100).values },
]
