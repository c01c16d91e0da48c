import CKernels
import KobaiTensor

// Complex numbers from and to their parts.

extension Tensor {
  /// The real parts of a complex tensor, as a view; a real tensor itself.
  ///
  ///     Tensor([Complex(1.0, 2.0)]).real   // tensor([1.])
  public var real: Tensor {
    let x = resolved
    return x.dtype.isComplex ? bind(Primitives.ComplexPart(x.dtype, isImaginary: false), x) : x
  }

  /// The imaginary parts of a complex tensor, as a view.
  ///
  ///     Tensor([Complex(1.0, 2.0)]).imag   // tensor([2.])
  public var imag: Tensor {
    let x = resolved
    guard x.dtype.isComplex else {
      return misuse(
        "imag: is not implemented for tensors with non-complex dtypes (\(x.dtype)); "
          + "its imaginary part is 0")
    }
    return bind(Primitives.ComplexPart(x.dtype, isImaginary: true), x)
  }

  /// The complex numbers with these real and imaginary parts; shapes broadcast.
  ///
  ///     Tensor.complex(Tensor([1.0]), Tensor([2.0]))   // tensor([1.+2.j])
  ///
  /// - Parameters: real and imag: both float32, or both float64.
  public static func complex(_ real: Tensor, _ imag: Tensor) -> Tensor {
    let (re, im) = (real.current, imag.current)
    guard [.float32, .float64].contains(re.dtype), im.dtype.isFloatingPoint else {
      return misuse(
        "complex: expected both inputs to be Half, Float or Double tensors (Expected both inputs to be "
          + "Half, Float or Double tensors but got \(re.dtype) and \(im.dtype)); float32 and float64 "
          + "have a complex type here")
    }
    guard re.dtype == im.dtype else {
      return misuse(
        "complex: Expected object of scalar type \(re.dtype.torchName) but got scalar type "
          + "\(im.dtype.torchName) for second argument; convert with .to(.\(re.dtype))")
    }
    guard let shape = Operands.broadcastShape("complex", [re.shape, im.shape]) else {
      return .poison
    }
    return bind(Primitives.MakeComplex(), re.broadcast(to: shape), im.broadcast(to: shape))
  }

  /// The complex numbers with these moduli and angles: abs · (cos angle + i sin angle).
  ///
  ///     Tensor.polar(Tensor([2.0]), Tensor([0.0]))   // tensor([2.+0.j])
  public static func polar(_ abs: Tensor, _ angle: Tensor) -> Tensor {
    complex(abs * angle.cos(), abs * angle.sin())
  }

  /// The angle of each complex number in −π ... π; of a real one 0, or π where it is negative.
  ///
  ///     Tensor([Complex(0.0, 1.0)]).angle()   // tensor([1.5708])
  ///
  /// - Derivative: 0 for real numbers and at 0.
  public func angle() -> Tensor {
    let x = resolved
    if x.dtype.isComplex { return x.imag.atan2(x.real) }
    let float = (x.dtype.isFloatingPoint ? x : x.to(DType.default))
    // Through multiplication with 0 the result depends on x, with derivative 0, and NaN stays.
    let zero = Tensor.where(float.isNaN(), float, float.sign() * 0)
    return Tensor.where(float.lt(0), zero + Double.pi, zero)
  }
}

extension DType {
  /// The name in PyTorch's messages.
  var torchName: String {
    switch self {
    case .float32: "Float"
    case .float64: "Double"
    case .float16: "Half"
    case .bfloat16: "BFloat16"
    case .int8: "Char"
    case .int16: "Short"
    case .int32: "Int"
    case .int64: "Long"
    case .uint8: "Byte"
    case .bool: "Bool"
    case .complex64: "ComplexFloat"
    case .complex128: "ComplexDouble"
    }
  }
}

extension Primitives {
  /// Real or imaginary part, real-linear: the cotangent dy comes back as dy, or as i · dy.
  public struct ComplexPart: LinearOperation {
    public static let name = "complexPart"
    let source: DType
    let isImaginary: Bool

    init(_ source: DType, isImaginary: Bool) {
      self.source = source
      self.isImaginary = isImaginary
    }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype.real, x.shape) }

    public func evaluate(_ x: Value) -> Value {
      let real = x.dtype.real
      let offset = isImaginary ? real.size : 0
      guard let body = x.body, body.layout.rank > 0 else {
        return x.withElements { pointer, _ in
          Value.make(real, .scalar) { $0.copyMemory(from: pointer + offset, byteCount: real.size) }
        }
      }
      let layout = Layout(shape: body.layout.shape, strides: body.layout.strides.map { 2 * $0 })
      return Value(body: Body(viewing: body, layout: layout, byteOffset: offset), dtype: real)
    }

    public func transpose(_ dy: Tensor) -> Tensor {
      let zero = Tensor.zeros(like: dy)
      return isImaginary ? Tensor.complex(zero, dy) : Tensor.complex(dy, zero)
    }

    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct MakeComplex: BinaryPrimitive {
    public static let name = "complex"

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype.complex, x.shape)
    }

    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let (size, layout) = (x.dtype.size, x.layout.contiguous)
      let strides = layout.strides.map { 2 * $0 }
      return Value.make(x.dtype.complex, layout) { out in
        for (part, value) in [x, y].enumerated() {
          value.withElements { pointer, steps in
            kb_copy(size, layout.rank, layout.shape, pointer, steps, out + part * size, strides)
          }
        }
      }
    }

    public var residualsForX: Residuals { .none }
    public var residualsForY: Residuals { .none }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dz.real
    }
    public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dz.imag
    }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      Tensor.complex(dx, Tensor.zeros(like: dx))
    }
    public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      Tensor.complex(Tensor.zeros(like: dy), dy)
    }
    public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let aligned = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(self, aligned[0], aligned[1])]
    }
  }
}

extension Operation {
  static let real = Operation(
    "real", .elementwise, primitives: [Primitives.ComplexPart.self],
    samples: [
      Sample(.complex()) { $0[0].real }, Sample(.complex(-2...2, [])) { $0[0].real },
      Sample(.uniform()) { $0[0].real },
    ])
  static let imag = Operation(
    "imag", .elementwise, primitives: [Primitives.ComplexPart.self],
    samples: [Sample(.complex()) { $0[0].imag }, Sample(.complex(-2...2, [])) { $0[0].imag }])
  static let complex = Operation(
    "complex", .elementwise, primitives: [Primitives.MakeComplex.self],
    samples: [
      Sample(.uniform(), .uniform(-2...2, [3])) { Tensor.complex($0[0], $0[1]) },
      Sample(.uniform(-2...2, []), .uniform(-2...2, [])) { Tensor.complex($0[0], $0[1]) },
    ])
  static let polar = Operation(
    "polar", .elementwise,
    samples: [Sample(.uniform(0.5...2), .uniform()) { Tensor.polar($0[0], $0[1]) }])
  static let angle = Operation(
    "angle", .elementwise,
    samples: [Sample(.complex(0.5...2)) { $0[0].angle() }, Sample(.special) { $0[0].angle() }])
}
