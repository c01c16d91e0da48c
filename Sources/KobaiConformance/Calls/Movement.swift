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
    tensor(
      "torch.transpose", "input", "dim0", "dim1",
      inPlace: { a in
        let (dim0, dim1) = (try a.int("dim0"), try a.int("dim1"))
        return try a.updated("input") { $0.transpose_(dim0, dim1) }
      }
    ) { a in
      try a.tensor("input").transpose(a.int("dim0"), a.int("dim1"))
    }
    tensor("torch.t", "input", inPlace: { a in try a.updated("input") { $0.t_() } }) { a in
      try a.tensor("input").t()
    }
    tensor("Tensor.T", "self") { a in try a.tensor("self").T }
    tensor("Tensor.mT", "self") { a in try a.tensor("self").mT }
    tensor("Tensor.H", "self") { a in try a.tensor("self").H }
    tensor("Tensor.mH", "self") { a in try a.tensor("self").mH }
    tensor("torch.reshape", "input", "shape") { a in
      try a.tensor("input").reshape(a.intsOrRest("shape"))
    }
    tensor("Tensor.view", "self", "size") { a in
      if case .dtype? = a.value("size") { throw Unsupported("Tensor.view: another dtype") }
      return try a.tensor("self").view(a.intsOrRest("size"))
    }
    tensor("Tensor.view_as", "self", "other") { a in
      try a.tensor("self").view(a.tensor("other").shape)
    }
    tensor("Tensor.reshape_as", "self", "other") { a in
      try a.tensor("self").reshape(a.tensor("other").shape)
    }
    tensor("torch.flatten", "input", "start_dim", "end_dim") { a in
      try a.tensor("input").flatten(
        startDim: a.int("start_dim", default: 0), endDim: a.int("end_dim", default: -1))
    }
    tensor("torch.ravel", "input") { a in try a.tensor("input").ravel() }
    tensor("torch.unflatten", "input", "dim", "sizes") { a in
      try a.tensor("input").unflatten(dim: a.int("dim"), sizes: a.ints("sizes"))
    }
    tensor(
      "torch.unsqueeze", "input", "dim",
      inPlace: { a in
        let dim = try a.int("dim")
        return try a.updated("input") { $0.unsqueeze_(dim) }
      }
    ) { a in
      try a.tensor("input").unsqueeze(a.int("dim"))
    }
    tensor(
      "torch.squeeze", "input", "dim",
      inPlace: { a in
        guard let dims = try a.optionalIntOrInts("dim") else {
          return try a.updated("input") { $0.squeeze_() }
        }
        return try a.updated("input") { $0.squeeze_(dims: dims) }
      }
    ) { a in
      let x = try a.tensor("input")
      guard let dims = try a.optionalIntOrInts("dim") else { return x.squeeze() }
      return x.squeeze(dims: dims)
    }
    tensor("Tensor.repeat", "self", "repeats") { a in
      try a.tensor("self").repeat(a.intsOrRest("repeats"))
    }
    tensor("torch.tile", "input", "dims") { a in
      try a.tensor("input").tile(a.intsOrRest("dims"))
    }
    tensor("torch.flip", "input", "dims") { a in
      try a.tensor("input").flip(a.intsOrRest("dims"))
    }
    tensor("torch.roll", "input", "shifts", "dims") { a in
      try a.tensor("input").roll(a.intOrInts("shifts"), dims: a.optionalIntOrInts("dims") ?? [])
    }
    tensor("torch.movedim", "input", "source", "destination") { a in
      try a.tensor("input").movedim(a.intOrInts("source"), a.intOrInts("destination"))
    }
    tensor("torch.narrow", "input", "dim", "start", "length") { a in
      if a.isTensor("start") {
        return try a.tensor("input").narrow(
          dim: a.int("dim"), start: a.tensor("start").item(as: Int.self), length: a.int("length"))
      }
      return try a.tensor("input").narrow(
        dim: a.int("dim"), start: a.int("start"), length: a.int("length"))
    }
    tensor("torch.select", "input", "dim", "index") { a in
      try a.tensor("input").select(dim: a.int("dim"), index: a.int("index"))
    }
    tensor("torch.diagonal", "input", "offset", "dim1", "dim2") { a in
      try a.tensor("input").diagonal(
        offset: a.int("offset", default: 0), dim1: a.int("dim1", default: 0),
        dim2: a.int("dim2", default: 1))
    }
    tensor("torch.diag_embed", "input", "offset", "dim1", "dim2") { a in
      try a.tensor("input").diagEmbed(
        offset: a.int("offset", default: 0), dim1: a.int("dim1", default: -2),
        dim2: a.int("dim2", default: -1))
    }
    tensor("torch.diag", "input", "diagonal") { a in
      try a.tensor("input").diag(a.int("diagonal", default: 0))
    }
    tensor(
      "torch.tril", "input", "diagonal",
      inPlace: { a in
        let diagonal = try a.int("diagonal", default: 0)
        return try a.updated("input") { $0.tril_(diagonal: diagonal) }
      }
    ) { a in
      try a.tensor("input").tril(diagonal: a.int("diagonal", default: 0))
    }
    tensor(
      "torch.triu", "input", "diagonal",
      inPlace: { a in
        let diagonal = try a.int("diagonal", default: 0)
        return try a.updated("input") { $0.triu_(diagonal: diagonal) }
      }
    ) { a in
      try a.tensor("input").triu(diagonal: a.int("diagonal", default: 0))
    }
    tensor("Tensor.contiguous", "self") { a in try a.tensor("self").contiguous() }
    tensor("torch.clone", "input") { a in try a.tensor("input").clone() }
  }

  private mutating func addJoining() {
    tensor("torch.cat", "tensors", "dim") { a in
      try Tensor.cat(a.tensors("tensors"), dim: a.int("dim", default: 0))
    }
    tensor("torch.stack", "tensors", "dim") { a in
      try Tensor.stack(a.tensors("tensors"), dim: a.int("dim", default: 0))
    }
    tensor("torch.hstack", "tensors") { a in try Tensor.hstack(a.tensors("tensors")) }
    tensor("torch.vstack", "tensors") { a in try Tensor.vstack(a.tensors("tensors")) }
    tensors("torch.chunk", "input", "chunks", "dim") { a in
      try a.tensor("input").chunk(a.int("chunks"), dim: a.int("dim", default: 0))
    }
    tensors("torch.split", "tensor", "split_size_or_sections", "dim") { a in
      let (x, dim) = (try a.tensor("tensor"), try a.int("dim", default: 0))
      if case .int(let size)? = a.value("split_size_or_sections") { return x.split(size, dim: dim) }
      return x.split(try a.ints("split_size_or_sections"), dim: dim)
    }
    tensors("torch.unbind", "input", "dim") { a in
      try a.tensor("input").unbind(dim: a.int("dim", default: 0))
    }
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
