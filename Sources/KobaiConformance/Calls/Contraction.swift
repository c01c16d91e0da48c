import Kobai
import KobaiTensor

extension Registry {
  mutating func addContraction() {
    tensor("torch.matmul", "input", "other") { a in
      try a.tensor("input").matmul(a.tensor("other"))
    }
    tensor("Tensor.__rmatmul__", "self", "other") { a in
      try a.tensor("other").matmul(a.tensor("self"))
    }
    tensor("torch.mm", "input", "mat2") { a in try a.tensor("input").mm(a.tensor("mat2")) }
    tensor("torch.bmm", "input", "mat2") { a in try a.tensor("input").bmm(a.tensor("mat2")) }
    tensor("torch.mv", "input", "vec") { a in try a.tensor("input").mv(a.tensor("vec")) }
    tensor("torch.dot", "input", "tensor") { a in try a.tensor("input").dot(a.tensor("tensor")) }
    tensor("torch.outer", "input", "vec2") { a in try a.tensor("input").outer(a.tensor("vec2")) }
    tensor(
      "torch.addmm", "input", "mat1", "mat2",
      inPlace: { a in
        let (x, y) = (try a.tensor("mat1"), try a.tensor("mat2"))
        let beta = try a.number("beta", default: 1)
        let alpha = try a.number("alpha", default: 1)
        return try a.updated("input") { $0.addmm_(x, y, beta: beta, alpha: alpha) }
      }
    ) { a in
      try a.tensor("input").addmm(
        a.tensor("mat1"), a.tensor("mat2"), beta: a.number("beta", default: 1),
        alpha: a.number("alpha", default: 1))
    }
    tensor(
      "torch.baddbmm", "input", "batch1", "batch2",
      inPlace: { a in
        let (x, y) = (try a.tensor("batch1"), try a.tensor("batch2"))
        let beta = try a.number("beta", default: 1)
        let alpha = try a.number("alpha", default: 1)
        return try a.updated("input") { $0.baddbmm_(x, y, beta: beta, alpha: alpha) }
      }
    ) { a in
      try a.tensor("input").baddbmm(
        a.tensor("batch1"), a.tensor("batch2"), beta: a.number("beta", default: 1),
        alpha: a.number("alpha", default: 1))
    }
    tensor("torch.einsum", "equation", "tensors") { a in
      try einsum(a.string("equation"), a.tensorsOrRest("tensors"))
    }
    tensor("torch.nn.functional.linear", "input", "weight", "bias") { a in
      try linear(a.tensor("input"), weight: a.tensor("weight"), bias: a.optionalTensor("bias"))
    }
  }
}
