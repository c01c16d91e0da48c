import Kobai
import KobaiTestSupport
import Testing

/// A convolution with ReLU and pooling in a `Sequential` goes through memory once; nobody can tell.
@Suite struct PooledConvolutionTests {
  /// A net's shape: what the images and the convolution are like.
  struct Case: Sendable, CustomTestStringConvertible {
    let images: [Int]
    let outChannels: Int
    var kernel = 3
    var stride = 1
    var padding: any ConvolutionPadding = 1
    var dilation = 1
    var groups = 1
    var bias = true
    var dtype = DType.float32
    var testDescription: String { "\(images) → \(outChannels) by \(kernel), \(dtype)" }

    func convolution() -> Conv2d {
      Conv2d(
        images[1], outChannels, kernelSize: kernel, stride: stride, padding: padding,
        dilation: dilation, groups: groups, bias: bias, dtype: dtype)
    }
  }

  /// Few channels, many (Winograd's), groups, maps of odd sizes, wide ones, 1 × 1, strides, and others.
  static let cases = [
    Case(images: [4, 1, 28, 28], outChannels: 32),
    Case(images: [3, 32, 14, 14], outChannels: 64),
    Case(images: [2, 17, 13, 15], outChannels: 35),
    Case(images: [2, 32, 9, 8], outChannels: 32, groups: 2, bias: false),
    Case(images: [1, 16, 6, 150], outChannels: 16, padding: .same),
    Case(images: [2, 2, 5, 1100], outChannels: 3),
    Case(images: [2, 12, 10, 10], outChannels: 20, kernel: 1, padding: 0),
    Case(images: [2, 24, 11, 11], outChannels: 40, stride: 2),
    Case(images: [2, 3, 12, 9], outChannels: 5, kernel: 2, padding: 2, dilation: 2),
    Case(images: [2, 8, 10, 10], outChannels: 8, groups: 8),
    Case(images: [2, 3, 7, 6], outChannels: 4, dtype: .float64),
  ]

  /// The gradients of a weighted sum of y.
  private func derivatives(_ y: Tensor, _ inputs: [Tensor]) -> [Tensor] {
    let weights = Tensor.arange(y.count).remainder(7).reshape(y.shape).to(y.dtype) - 2
    return Tensor.gradients(of: [(y * weights).sum()], wrt: inputs).map { $0 ?? .zeros([]) }
  }

  @Test(arguments: cases, [false, true]) func isTheThreeModules(_ c: Case, poolsFirst: Bool) {
    let convolution = c.convolution()
    let net =
      poolsFirst
      ? Sequential(convolution, MaxPool2d(2), ReLU())
      : Sequential(convolution, ReLU(), MaxPool2d(2))
    let x = Tensor.randn(c.images, dtype: c.dtype, requiresGrad: true)
    let inputs = [x] + net.parameters
    let y = net(x)
    let found = derivatives(y, inputs)
    let z = convolution(x)
    let expected =
      poolsFirst ? z.maxPool2d(kernelSize: 2).relu() : z.relu().maxPool2d(kernelSize: 2)
    #expect(difference(y, expected) == nil)
    let others = derivatives(expected, inputs)
    for (i, (a, b)) in zip(found, others).enumerated() {
      // The sum for the bias has another order.
      let tolerance = i < 2 ? Tolerance.exact : Tolerance(relative: 1e-5, absolute: 1e-4)
      #expect(difference(a, b, tolerance) == nil, "gradient \(i)")
    }
  }

  @Test func ofEqualElementsTheFirstHasTheGradientAndNaNPasses() {
    let convolution = Conv2d(1, 1, kernelSize: 1, bias: false)
    convolution.weight = Tensor([[[[1.0]]]])
    let net = Sequential(convolution, ReLU(), MaxPool2d(2))
    let x = Tensor(
      [[[[3.0, 3, -1, -2], [3, 3, -0.0, 0], [1, .nan, -5, 4], [7, 2, 4, 4]]]], requiresGrad: true)
    let y = net(x)
    #expect(y.isNaN().flatten().array(as: Bool.self) == [false, false, true, false])
    #expect(y.nanToNum(nan: -1).flatten().array(as: Double.self) == [3, 0, -1, 4])
    let weights = Tensor([[[[1.0, 2], [3, 5]]]], dtype: .float32)
    y.backward(gradient: weights)
    let expected = Tensor([[[[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 3, 0, 5], [0, 0, 0, 0]]]])
    #expect(x.grad?.array(as: Double.self) == expected.array(as: Double.self))
  }

  @Test func isTheSameForAnyNumberOfThreads() {
    let net = Sequential(Conv2d(16, 24, kernelSize: 3, padding: 1), ReLU(), MaxPool2d(2))
    let x = Tensor.randn([5, 16, 17, 18], requiresGrad: true)
    let inputs = [x] + net.parameters
    let before = Threads.count
    defer { Threads.count = before }
    let all = [1, 2, 3].map { count in
      Threads.count = count
      let y = net(x)
      return [y] + derivatives(y, inputs)
    }
    for other in all.dropFirst() {
      for (a, b) in zip(all[0], other) { #expect(difference(b, a) == nil) }
    }
  }

  @Test func compiledItIsTheSame() {
    let net = Sequential {
      Conv2d(2, 6, kernelSize: 3)
      ReLU()
      MaxPool2d(2)
      Conv2d(6, 16, kernelSize: 3, padding: 1)
      MaxPool2d(2, stride: 2)
      ReLU()
      Flatten()
    }
    let parameters = net.parameters
    func step(_ x: Tensor) -> [Tensor] {
      let y = net(x)
      return [y] + derivatives(y, parameters)
    }
    let x = Tensor.randn([3, 2, 14, 12])
    let compiled = jit(step)
    for _ in 0..<3 {
      for (a, b) in zip(compiled(x), step(x)) { #expect(difference(a, b) == nil) }
    }
  }

  /// What lies between the modules exists for whoever looks.
  @Test func hooksSeeEachModule() {
    let (relu, pool) = (ReLU(), MaxPool2d(2))
    let net = Sequential(Conv2d(1, 2, kernelSize: 3), relu, pool)
    let x = Tensor.randn([1, 1, 6, 6])
    let y = net(x)
    var seen: [Shape] = []
    let handle = relu.registerForwardHook { _, _, output in
      seen.append(output.shape)
      return nil
    }
    #expect(difference(net(x), y) == nil)
    #expect(seen == [[1, 2, 4, 4]])
    handle.remove()
    #expect(difference(net(x), y) == nil)
  }

  @Test func otherWindowsAndImagesAreDoneByTheModules() {
    let convolution = Conv2d(2, 3, kernelSize: 3, padding: 1)
    let x = Tensor.randn([2, 2, 7, 8])
    let pools = [
      MaxPool2d(3), MaxPool2d(2, stride: 1), MaxPool2d(2, padding: 1), MaxPool2d([2, 1]),
      MaxPool2d(2, ceilMode: true), MaxPool2d(2, dilation: 2),
    ]
    for pool in pools {
      let expected = pool(convolution(x).relu())
      #expect(difference(Sequential(convolution, ReLU(), pool)(x), expected) == nil)
    }
    let image = x[0]
    #expect(Sequential(convolution, ReLU(), MaxPool2d(2))(image).shape == [3, 3, 4])
    let reflecting = Conv2d(2, 3, kernelSize: 3, padding: 1, paddingMode: .reflect)
    let reflected = reflecting(x).relu().maxPool2d(kernelSize: 2)
    #expect(difference(Sequential(reflecting, ReLU(), MaxPool2d(2))(x), reflected) == nil)
  }

  @Test func misuseNamesTheModuleAtFault() {
    let net = Sequential(Conv2d(2, 3, kernelSize: 3), ReLU(), MaxPool2d(2))
    let error = #expect(throws: Misuse.self) {
      try recovering { net(Tensor.ones([1, 1, 8, 8])) }
    }
    #expect(error?.message.hasPrefix("conv2d: ") == true)
    #expect(error?.message.hasSuffix("(in Sequential.0)") == true)
    let small = #expect(throws: Misuse.self) { try recovering { net(Tensor.ones([1, 2, 3, 3])) } }
    #expect(small?.message.hasPrefix("maxPool2d: ") == true)
  }

  @Test func preciseConvolutionsStayPrecise() {
    let net = Sequential(Conv2d(16, 16, kernelSize: 3, padding: 1), ReLU(), MaxPool2d(2))
    let x = Tensor.randn([2, 16, 12, 12])
    let expected = precise { net[0](x).relu().maxPool2d(kernelSize: 2) }
    #expect(difference(precise { net(x) }, expected) == nil)
  }
}
