import ComplexModule
import Kobai
import KobaiTensor

extension Registry {
  mutating func addMovement() {
    addShapes()
    addJoining()
    addConversions()
  }

  private mutating func addShapes() {
    tensor("Tensor.expand", "self", "size") { a in
      try a.tensor("self").expand(a.intsOrRest("size"))
    }
    tensor("Tensor.expand_as", "self", "other") { a in
      try a.tensor("self").expand(a.tensor("other").shape)
    }
    tensor("torch.broadcast_to", "input", "size") { a in
      try a.tensor("input").broadcast(to: a.ints("size"))
    }
    tensor("torch.permute", "input", "dims") { a in
      try a.tensor("input").permute(a.intsOrRest("dims"))
    }
    tensor("torch.transpose", "input", "dim0", "dim1") { a in
      try a.tensor("input").transpose(a.int("dim0"), a.int("dim1"))
    }
    tensor("torch.t", "input") { a in try a.tensor("input").t() }
    tensor("Tensor.mT", "self") { a in try a.tensor("self").mT }
    tensor("torch.reshape", "input", "shape") { a in
      try a.tensor("input").reshape(a.intsOrRest("shape"))
    }
    tensor("Tensor.reshape_as", "self", "other") { a in
      try a.tensor("self").reshape(a.tensor("other").shape)
    }
  }

  private mutating func addJoining() {
  }

  private mutating func addConversions() {
    let named: KeyValuePairs<String, DType> = [
      "Tensor.float": .float32, "Tensor.double": .float64, "Tensor.half": .float16,
      "Tensor.bfloat16": .bfloat16, "Tensor.char": .int8, "Tensor.short": .int16,
      "Tensor.int": .int32, "Tensor.long": .int64, "Tensor.byte": .uint8, "Tensor.bool": .bool,
      "Tensor.cfloat": .complex64, "Tensor.cdouble": .complex128,
    ]
    for (name, dtype) in named {
      tensor(name, "self") { a in try a.tensor("self").to(dtype) }
    }
    call("Tensor.item", "self") { a in
      let x = try a.tensor("self")
      switch x.dtype {
      case .bool: return .bool(x.item(as: Bool.self))
      case let dtype where dtype.isComplex:
        let value = x.item(as: Complex<Double>.self)
        return .complex(value.real, value.imaginary)
      case let dtype where dtype.isInteger: return .int(x.item(as: Int.self))
      default: return .double(x.item())
      }
    }
    // x.to(device, dtype, …), x.to(dtype, …) and x.to(other, …): the arguments show which it is.
    call("Tensor.to", "self", "a", "b", "c", "d") { a in
      let x = try a.tensor("self")
      var target = try a.optionalDType("dtype")
      for name in ["a", "b", "c", "d", "other", "device", "non_blocking", "copy"] {
        switch a.value(name) {
        case .dtype(let text): target = DType(name: text)
        case .tensor(let reference): target = try a.tensor(of: reference).dtype
        // One device and no way to share memory with the result: these change nothing.
        case nil, .null, .bool, .device("cpu"), .string("cpu"): break
        case let value?: throw Unsupported("Tensor.to: argument \(value)")
        }
      }
      return .tensor(target.map { x.to($0) } ?? x)
    }
  }
}
