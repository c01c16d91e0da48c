import Kobai
import KobaiTestSupport

import class Foundation.ProcessInfo

/// One sample of one operation: what every law is tested on.
struct LawCase: Sendable {
  let operation: Operation
  let number: Int
  var sample: Sample { operation.samples[number] }

  /// The cases of an operation; only one if `KOBAI_CASE=name:number` names it.
  static func all(of name: String) -> [LawCase] {
    let wanted = ProcessInfo.processInfo.environment["KOBAI_CASE"]?.split(separator: ":")
    return Operation.all.filter { $0.name == name }.flatMap { operation in
      operation.samples.indices
        .filter { number in
          guard let wanted, wanted.count == 2 else { return true }
          return wanted[0] == operation.name && Int(wanted[1]) == number
        }
        .map { LawCase(operation: operation, number: $0) }
    }
  }

  /// Reproducible from the case alone: `hashValue` differs from run to run.
  var seed: Int {
    operation.name.utf8.reduce(number + 17) { ($0 &* 31 &+ Int($1)) & 0xFFFF_FFFF }
  }

  /// The inputs; each variant has other elements.
  func inputs(variant: Int = 0) -> [Tensor] {
    sample.inputs.enumerated().map { i, input in input.make(seed: seed + 1009 * variant + 7919 * i)
    }
  }

  var random: RandomSource { RandomSource(seed: seed + 1) }

  /// The sample as a function of the inputs that are differentiated, giving results that can be.
  var function: Function {
    let inputs = inputs()
    let chosen = sample.inputs.indices.filter { sample.inputs[$0].isDifferentiated }
    let call = sample.call
    return Function(inputs: chosen.map { inputs[$0] }) { arguments in
      var all = inputs
      for (i, argument) in zip(chosen, arguments) { all[i] = argument }
      return call(all).filter(\.dtype.isDifferentiable)
    }
  }

  /// What to print beside a failure: how to run this case alone.
  func rerun(_ law: Law) -> String {
    "run alone: KOBAI_CASE=\(operation.name):\(number) swift test -c release "
      + "--disable-testable-imports --filter 'LawTests/\(law.rawValue)'"
  }
}

/// A function with the place at which its derivatives are tested.
struct Function {
  let inputs: [Tensor]
  let call: ([Tensor]) -> [Tensor]
  init(inputs: [Tensor], call: @escaping ([Tensor]) -> [Tensor]) {
    self.inputs = inputs
    self.call = call
  }

  /// The gradients as a function of the inputs and of the cotangents, at random cotangents; nil if
  /// there is nothing to differentiate.
  func gradient(_ random: inout RandomSource) -> Function? {
    if inputs.isEmpty { return nil }
    let cotangents = call(inputs).map { random.direction(like: $0) }
    if cotangents.isEmpty { return nil }
    let (count, call) = (inputs.count, call)
    return Function(inputs: inputs + cotangents) { arguments in
      let leaves = arguments.prefix(count).map(Self.leaf)
      let outputs = call(leaves)
      let tracked = outputs.indices.filter { outputs[$0].requiresGrad }
      guard !tracked.isEmpty else { return leaves.map { Tensor.zeros(like: $0) } }
      let gradients = Tensor.gradients(
        of: tracked.map { outputs[$0] }, wrt: leaves,
        gradients: tracked.map { arguments[count + $0] }, createGraph: true)
      return zip(gradients, leaves).map { $0 ?? Tensor.zeros(like: $1) }
    }
  }

  /// Itself if it is tracked: gradients of gradients pass through it.
  static func leaf(_ tensor: Tensor) -> Tensor {
    if tensor.requiresGrad { return tensor }
    var leaf = tensor
    leaf.requiresGrad = true
    return leaf
  }
}

/// The tensors as slices of one, along a new first dimension. Not by an operation: those are tested.
func stack(_ slices: [Tensor]) -> Tensor {
  let first = slices[0]
  return Tensor(
    bytes: slices.flatMap { $0.detach().bytes }, dtype: first.dtype,
    shape: [slices.count] + first.shape)
}
