import KobaiOperators
import KobaiTensor

extension RecurrentModule {
  /// The output and final states for a padded or unbatched input; nil after a misuse.
  final func forward(_ input: Tensor, _ hx: [Tensor]?) -> (output: Tensor, states: [Tensor])? {
    guard input.rank == 2 || input.rank == 3 else {
      return refuse("Expected input to be 2D or 3D, got \(input.rank)D instead")
    }
    let isBatched = input.rank == 3
    var (x, states) = (input, hx)
    if let hx, hx.contains(where: { $0.rank != input.rank }) {
      return refuse(rankMismatch(hx, isBatched))
    }
    if !isBatched {
      x = input.unsqueeze(1)
      states = hx?.map { $0.unsqueeze(1) }
    } else if batchFirst {
      x = input.transpose(0, 1)
    }
    guard accepts(x) else { return nil }
    let (length, batch) = (x.size(0), x.size(1))
    guard length > 0 else { return refuse("Expected sequence length to be larger than 0 in RNN") }
    guard let initial = initialStates(states, batch: batch, x.dtype) else { return nil }
    let steps = [Int](repeating: batch, count: length)
    let (rows, final) = runLayers(x.reshape([length * batch, inputSize]), steps, initial)
    var output = rows.reshape([length, batch, outputSize * directions])
    if !isBatched {
      return (output.squeeze(1), final.map { $0.squeeze(1) })
    }
    if batchFirst { output = output.transpose(0, 1) }
    return (output, final)
  }

  /// The output and final states for a packed input; nil after a misuse.
  final func forward(_ input: PackedSequence, _ hx: [Tensor]?) -> (
    output: PackedSequence, states: [Tensor]
  )? {
    guard input.data.rank == 2, !input.batchSizes.isEmpty else {
      return refuse("input must have 2 dimensions, got \(input.data.rank)")
    }
    guard accepts(input.data) else { return nil }
    // Which sequence a state belongs to goes by the order before sorting.
    let states = hx?.map { $0.rank == 3 ? $0.permuted(input.sortedIndices, dim: 1) : $0 }
    guard let initial = initialStates(states, batch: input.batchSizes[0], input.data.dtype) else {
      return nil
    }
    let (data, final) = runLayers(input.data, input.batchSizes, initial)
    var output = input
    output.data = data
    return (output, final.map { $0.permuted(input.unsortedIndices, dim: 1) })
  }

  private final func refuse<R>(_ fault: String) -> R? {
    misuse("\(type(of: self)): \(fault)", else: nil)
  }

  private final func rankMismatch(_ hx: [Tensor], _ isBatched: Bool) -> String {
    let ranks = hx.map { "\($0.rank)-D" }.joined(separator: ", ")
    let names = hx.count == 1 ? "hx" : "hx and cx"
    let given = hx.count == 1 ? "\(ranks) tensor" : "(\(ranks)) tensors"
    return isBatched
      ? "For batched 3-D input, \(names) should also be 3-D but got \(given)"
      : "For unbatched 2-D input, \(names) should also be 2-D but got \(given)"
  }

  private final func accepts(_ x: Tensor) -> Bool {
    guard let dtype = allWeights.first?.first?.dtype else { return false }
    guard x.dtype == dtype else {
      return misuse(
        "\(type(of: self)): RNN input dtype (\(x.dtype)) does not match weight dtype (\(dtype)). Convert "
          + "input: input.to(.\(dtype)), or convert model: model.to(.\(x.dtype))", else: false)
    }
    guard x.size(-1) == inputSize else {
      return misuse(
        "\(type(of: self)): input.size(-1) must be equal to input_size. Expected \(inputSize), got "
          + "\(x.size(-1))", else: false)
    }
    return true
  }

  /// The given states, or zeros; [layers · directions, batch, size] each. Only the first one, the output
  /// of the step before, is projected.
  private final func initialStates(_ given: [Tensor]?, batch: Int, _ dtype: DType) -> [Tensor]? {
    let layers = numLayers * directions
    let shapes = stateSizes.map { [layers, batch, $0] }
    guard let given else { return shapes.map { Tensor.zeros($0, dtype: dtype) } }
    for (i, (state, shape)) in zip(given, shapes).enumerated() {
      guard state.shape == shape else {
        let which = given.count == 1 ? "hidden" : "hidden[\(i)]"
        let sizes = shape.map(String.init).joined(separator: ", ")
        return refuse("Expected \(which) size (\(sizes)), got \(state.shape)")
      }
      guard state.dtype == dtype else {
        return refuse(
          "the initial state and the input must have the same dtype, but got \(state.dtype) and \(dtype)"
        )
      }
    }
    return given
  }

  /// All layers over rows that stand step by step.
  private final func runLayers(_ input: Tensor, _ batchSizes: [Int], _ initial: [Tensor]) -> (
    Tensor, [Tensor]
  ) {
    var x = input
    let weights = allWeights
    var finals = [[Tensor]](repeating: [], count: initial.count)
    for layer in 0..<numLayers {
      var outputs: [Tensor] = []
      for direction in 0..<directions {
        let group = layer * directions + direction
        let (output, states) = run(
          x, RecurrentSteps(batchSizes, isReversed: direction == 1),
          initial.map { $0.select(dim: 0, index: group) }, weights[group])
        outputs.append(output)
        for (i, state) in states.enumerated() { finals[i].append(state) }
      }
      x = outputs.count == 1 ? outputs[0] : Tensor.cat(outputs, dim: 1)
      if dropout > 0, isTraining, layer < numLayers - 1 { x = x.dropout(p: dropout) }
    }
    return (x, finals.map { Tensor.stack($0) })
  }
}

extension Tensor {
  fileprivate func permuted(_ indices: [Int]?, dim: Int) -> Tensor {
    indices.map { indexSelect(dim: dim, index: Tensor($0, shape: [$0.count], dtype: .int64)) }
      ?? self
  }
}
