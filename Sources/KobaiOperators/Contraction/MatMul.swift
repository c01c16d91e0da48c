import KobaiTensor

extension Tensor {
  /// The matrix product, with PyTorch's rules for every rank.
  ///
  /// Vectors are a row on the left and a column on the right, and their dimension is dropped from the
  /// result; dimensions before the last two are batches and broadcast.
  ///
  ///     Tensor([[1, 2], [3, 4]]).matmul(Tensor([1, 1]))   // tensor([3, 7])
  ///
  /// - Precondition: both of one dtype and at least one dimension; equal inner sizes.
  public func matmul(_ y: Tensor) -> Tensor {
    let (a, b) = (shape, y.shape)
    guard !a.isEmpty && !b.isEmpty else {
      return misuse(
        "matmul: both arguments to matmul need to be at least 1D, but they are \(a.count)D and "
          + "\(b.count)D; multiply numbers with *")
    }
    guard Self.sameDType("matmul", self, y) else { return .poison }
    let (inner, other) = (a[a.count - 1], b[Swift.max(b.count - 2, 0)])
    guard inner == other else {
      return misuse(
        "matmul: inner dimensions differ: \(a) × \(b) (\(inner) ≠ \(other)); "
          + "mat1 and mat2 shapes cannot be multiplied, is one to be transposed (.mT)?")
    }
    let x = a.count == 1 ? reshape([1, inner]) : self
    let z = b.count == 1 ? y.reshape([inner, 1]) : y
    let product = Self.matrixProduct(x, z)
    if a.count > 1 && b.count > 1 { return product }
    var result = product.shape
    if b.count == 1 { result.removeLast() }
    if a.count == 1 { result.remove(at: result.count - (b.count == 1 ? 1 : 2)) }
    return product.reshape(result)
  }

  /// Two operands of at least two dimensions, batches broadcast.
  private static func matrixProduct(_ x: Tensor, _ y: Tensor) -> Tensor {
    let (a, b) = (x.shape, y.shape)
    if a.count == 2 && b.count == 2 { return bind(Primitives.MatrixProduct(), x, y) }
    if b.count == 2 {
      // One product over all rows, instead of one for each matrix of the batch.
      let rows = a.dropLast().reduce(1, *)
      let product = bind(Primitives.MatrixProduct(), x.reshape([rows, a[a.count - 1]]), y)
      return product.reshape(a.dropLast() + [b[1]])
    }
    guard
      let batch = Operands.broadcastShape("matmul", [Array(a.dropLast(2)), Array(b.dropLast(2))])
    else { return .poison }
    return bind(
      Primitives.MatrixProduct(), x.broadcast(to: batch + a.suffix(2)),
      y.broadcast(to: batch + b.suffix(2)))
  }

  static func sameDType(_ name: String, _ x: Tensor, _ y: Tensor) -> Bool {
    let (a, b) = (x.dtype, y.dtype)
    guard a == b else {
      return misuse(
        "\(name): expected m1 and m2 to have the same dtype, but got: \(a) != \(b); convert one "
          + "with .to(.\(b))", else: false)
    }
    guard a != .bool else {
      return misuse("\(name): not implemented for bool; convert with .to(.float32)", else: false)
    }
    return true
  }

  /// The product of two matrices, [n, m] × [m, p].
  public func mm(_ y: Tensor) -> Tensor {
    guard rank == 2 else { return misuse("mm: self must be a matrix, but its shape is \(shape)") }
    guard y.rank == 2 else {
      return misuse("mm: mat2 must be a matrix, but its shape is \(y.shape)")
    }
    return matmul(y)
  }

  /// The products of two stacks of matrices, [b, n, m] × [b, m, p]. Batches do not broadcast.
  public func bmm(_ y: Tensor) -> Tensor {
    guard rank == 3, y.rank == 3 else {
      return misuse(
        "bmm: batch1 and batch2 must be 3D tensors, but the shapes are \(shape) and \(y.shape)")
    }
    guard shape[0] == y.shape[0], shape[2] == y.shape[1] else {
      return misuse(
        "bmm: expected size for first two dimensions of batch2 tensor to be: "
          + "[\(shape[0]), \(shape[2])] but got: [\(y.shape[0]), \(y.shape[1])]")
    }
    return matmul(y)
  }

  /// The product of a matrix and a vector.
  public func mv(_ y: Tensor) -> Tensor {
    guard rank == 2, y.rank == 1 else {
      return misuse("mv: vector + matrix expected, got shapes \(shape) and \(y.shape)")
    }
    return matmul(y)
  }

  /// The inner product of two vectors. Without conjugation.
  public func dot(_ y: Tensor) -> Tensor {
    guard rank == 1, y.rank == 1, shape == y.shape else {
      return misuse(
        "dot: 1D tensors of equal size expected, but the shapes are \(shape) and \(y.shape)")
    }
    return matmul(y)
  }

  /// The products of each element of one vector with each of another, [n] and [m] to [n, m].
  public func outer(_ y: Tensor) -> Tensor {
    guard rank == 1, y.rank == 1 else {
      return misuse("outer: 1D tensors expected, but the shapes are \(shape) and \(y.shape)")
    }
    return reshape([-1, 1]) * y
  }

  /// beta · self + alpha · (a × b); self broadcasts. With beta 0, NaN in self does not count.
  public func addmm(_ a: Tensor, _ b: Tensor, beta: Tensor = 1, alpha: Tensor = 1) -> Tensor {
    guard a.rank == 2, b.rank == 2 else {
      return misuse(
        "addmm: mat1 and mat2 must be matrices, but the shapes are \(a.shape) and \(b.shape)")
    }
    return addProduct("addmm", a, b, beta, alpha)
  }

  /// beta · self + alpha · (a × b) for stacks of matrices; self broadcasts.
  public func baddbmm(_ a: Tensor, _ b: Tensor, beta: Tensor = 1, alpha: Tensor = 1) -> Tensor {
    guard a.rank == 3, b.rank == 3 else {
      return misuse(
        "baddbmm: batch1 and batch2 must be 3D tensors, but the shapes are \(a.shape), \(b.shape)")
    }
    return addProduct("baddbmm", a, b, beta, alpha)
  }

  private func addProduct(
    _ name: String, _ a: Tensor, _ b: Tensor, _ beta: Tensor, _ alpha: Tensor
  ) -> Tensor {
    guard Self.sameDType(name, self, a) else { return .poison }
    guard let beta = beta.factor(name, "beta", of: dtype),
      let alpha = alpha.factor(name, "alpha", of: dtype)
    else { return .poison }
    let wide = dtype.computing
    if wide != dtype {
      // The half types round once, at the end.
      return to(wide).addProduct(name, a.to(wide), b.to(wide), beta, alpha).to(dtype)
    }
    let product = a.matmul(b)
    let scaled = alpha.isExactly(1) ? product : product * alpha
    guard let shape = Operands.broadcastShape(name, [self.shape, scaled.shape]) else {
      return .poison
    }
    guard shape == scaled.shape else {
      return misuse(
        "\(name): the input of shape \(self.shape) must broadcast to the product's \(scaled.shape)")
    }
    if beta.isExactly(0) { return scaled }
    return (beta.isExactly(1) ? self : self * beta) + scaled
  }

  /// A factor of elements of another dtype; nil after a misuse. PyTorch converts it to that dtype here:
  /// 2.7 times integers is 2 times.
  private func factor(_ name: String, _ label: String, of dtype: DType) -> Tensor? {
    guard self.dtype.category > dtype.category, value.meta.has(Value.Meta.weak) else { return self }
    let real = Double(bitPattern: value.cast(to: .float64).bits)
    let isReal = !self.dtype.isComplex || current.imag.item() == 0.0
    if isReal && dtype.isFloatingPoint { return Tensor(weak: real) }
    guard isReal, let number = Int(exactly: real.rounded(.towardZero)) else {
      return misuse(
        "\(name): value cannot be converted to type \(dtype) without overflow: it is the \(label)",
        else: nil)
    }
    return Tensor(weak: number)
  }

  /// Whether this is a Swift number of that value.
  func isExactly(_ number: Int64) -> Bool {
    guard value.meta.has(Value.Meta.weak), value.body == nil else { return false }
    return value.cast(to: .float64).bits == Double(number).bitPattern
  }
}

extension Operation {
  static let matmul = Operation(
    "matmul", .contraction,
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [3, 4])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [3]), .uniform(-2...2, [3])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [3])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [3]), .uniform(-2...2, [4, 3, 2])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [2, 1, 2, 3]), .uniform(-2...2, [4, 3, 2])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [3, 2])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [2, 0]), .uniform(-2...2, [0, 3])) { $0[0].matmul($0[1]) },
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [3, 4]), .uniform(-2...2, [4])) {
        $0[2].addmm($0[0], $0[1], beta: 0.5, alpha: 2.0)
      },
      Sample(.complex(-2...2, [2, 3]), .complex(-2...2, [3, 2])) { $0[0].matmul($0[1]) },
    ])
}
