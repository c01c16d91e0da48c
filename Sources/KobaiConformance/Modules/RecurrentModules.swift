import Kobai
import KobaiTensor

extension ModuleRegistry {
  mutating func addRecurrent() {
    add(
      "RNN",
      [
        "input_size", "hidden_size", "num_layers", "nonlinearity", "bias", "batch_first", "dropout",
        "bidirectional",
      ], inputs: ["input", "hx"]
    ) { a in
      try RNN(
        a.int("input_size"), a.int("hidden_size"), numLayers: a.int("num_layers", default: 1),
        nonlinearity: a.nonlinearity(), bias: a.bool("bias", default: true),
        batchFirst: a.bool("batch_first", default: false),
        dropout: a.double("dropout", default: 0),
        bidirectional: a.bool("bidirectional", default: false))
    } call: { module, a in
      let (output, h) = try module(a.tensor("input"), a.optionalTensor("hx"))
      return .tuple([.tensor(output), .tensor(h)])
    }
    add(
      "GRU",
      [
        "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
        "bidirectional",
      ], inputs: ["input", "hx"]
    ) { a in
      try GRU(
        a.int("input_size"), a.int("hidden_size"), numLayers: a.int("num_layers", default: 1),
        bias: a.bool("bias", default: true), batchFirst: a.bool("batch_first", default: false),
        dropout: a.double("dropout", default: 0),
        bidirectional: a.bool("bidirectional", default: false))
    } call: { module, a in
      let (output, h) = try module(a.tensor("input"), a.optionalTensor("hx"))
      return .tuple([.tensor(output), .tensor(h)])
    }
    add(
      "LSTM",
      [
        "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
        "bidirectional",
        "proj_size",
      ], inputs: ["input", "hx"]
    ) { a in
      try LSTM(
        a.int("input_size"), a.int("hidden_size"), numLayers: a.int("num_layers", default: 1),
        bias: a.bool("bias", default: true), batchFirst: a.bool("batch_first", default: false),
        dropout: a.double("dropout", default: 0),
        bidirectional: a.bool("bidirectional", default: false),
        projSize: a.int("proj_size", default: 0))
    } call: { module, a in
      let (output, (h, c)) = try module(a.tensor("input"), a.hiddenAndCell("hx"))
      return .tuple([.tensor(output), .tuple([.tensor(h), .tensor(c)])])
    }
    addCells()
  }

  private mutating func addCells() {
    add(
      "RNNCell", ["input_size", "hidden_size", "bias", "nonlinearity"], inputs: ["input", "hx"]
    ) { a in
      try RNNCell(
        a.int("input_size"), a.int("hidden_size"), bias: a.bool("bias", default: true),
        nonlinearity: a.nonlinearity())
    } call: { module, a in
      .tensor(try module(a.tensor("input"), a.optionalTensor("hx")))
    }
    add("GRUCell", ["input_size", "hidden_size", "bias"], inputs: ["input", "hx"]) { a in
      try GRUCell(
        a.int("input_size"), a.int("hidden_size"), bias: a.bool("bias", default: true))
    } call: { module, a in
      .tensor(try module(a.tensor("input"), a.optionalTensor("hx")))
    }
    add("LSTMCell", ["input_size", "hidden_size", "bias"], inputs: ["input", "hx"]) { a in
      try LSTMCell(
        a.int("input_size"), a.int("hidden_size"), bias: a.bool("bias", default: true))
    } call: { module, a in
      let (h, c) = try module(a.tensor("input"), a.hiddenAndCell("hx"))
      return .tuple([.tensor(h), .tensor(c)])
    }
  }
}

extension Arguments {
  fileprivate func nonlinearity() throws -> RNNNonlinearity {
    try option("nonlinearity", default: .tanh, ["tanh": .tanh, "relu": .relu])
  }

  /// An LSTM's pair of states.
  fileprivate func hiddenAndCell(_ name: String) throws -> (h: Tensor, c: Tensor)? {
    guard has(name) else {
      _ = value(name)
      return nil
    }
    let pair = try tensors(name)
    guard pair.count == 2 else {
      throw ArgumentTypeMismatch("the parameter \(name) is of type (Tensor, Tensor)")
    }
    return (pair[0], pair[1])
  }
}
