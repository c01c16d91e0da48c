import Kobai

extension ModuleRegistry {
  mutating func addTransformers() {
    add(
      "MultiheadAttention",
      [
        "embed_dim", "num_heads", "dropout", "bias", "add_bias_kv", "add_zero_attn", "kdim", "vdim",
        "batch_first",
      ],
      inputs: [
        "query", "key", "value", "key_padding_mask", "need_weights", "attn_mask",
        "average_attn_weights", "is_causal",
      ]
    ) { a in
      try MultiheadAttention(
        a.int("embed_dim"), a.int("num_heads"), dropout: a.double("dropout", default: 0),
        bias: a.bool("bias", default: true), addBiasKV: a.bool("add_bias_kv", default: false),
        addZeroAttn: a.bool("add_zero_attn", default: false), kdim: a.optionalInt("kdim"),
        vdim: a.optionalInt("vdim"), batchFirst: a.bool("batch_first", default: false))
    } call: { module, a in
      let (output, weights) = try module(
        a.tensor("query"), a.tensor("key"), a.tensor("value"),
        keyPaddingMask: a.optionalTensor("key_padding_mask"),
        needWeights: a.bool("need_weights", default: true), attnMask: a.optionalTensor("attn_mask"),
        averageAttnWeights: a.bool("average_attn_weights", default: true),
        isCausal: a.bool("is_causal", default: false))
      return .tuple([.tensor(output), weights.map { .tensor($0) } ?? .none])
    }
    add(
      "TransformerEncoderLayer", Self.layer,
      inputs: ["src", "src_mask", "src_key_padding_mask", "is_causal"]
    ) { a -> TransformerEncoderLayer in
      try a.layer(TransformerEncoderLayer.init)
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("src"), srcMask: a.optionalTensor("src_mask"),
          srcKeyPaddingMask: a.optionalTensor("src_key_padding_mask"),
          isCausal: a.bool("is_causal", default: false)))
    }
    add(
      "TransformerEncoder", ["encoder_layer", "num_layers", "norm", "enable_nested_tensor"],
      inputs: ["src", "mask", "src_key_padding_mask", "is_causal"]
    ) { a -> TransformerEncoder in
      // Nested tensors are a matter of speed alone.
      _ = try a.bool("enable_nested_tensor", default: true)
      return try TransformerEncoder(
        a.module("encoder_layer", as: TransformerEncoderLayer.self), numLayers: a.int("num_layers"),
        norm: a.optionalModule("norm", as: LayerNorm.self))
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("src"), mask: a.optionalTensor("mask"),
          srcKeyPaddingMask: a.optionalTensor("src_key_padding_mask"),
          isCausal: a.bool("is_causal", default: false)))
    }
    addDecoders()
  }

  private mutating func addDecoders() {
    let inputs = [
      "tgt", "memory", "tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask",
      "tgt_is_causal", "memory_is_causal",
    ]
    add("TransformerDecoderLayer", Self.layer, inputs: inputs) { a -> TransformerDecoderLayer in
      try a.layer(TransformerDecoderLayer.init)
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("tgt"), a.tensor("memory"), tgtMask: a.optionalTensor("tgt_mask"),
          memoryMask: a.optionalTensor("memory_mask"),
          tgtKeyPaddingMask: a.optionalTensor("tgt_key_padding_mask"),
          memoryKeyPaddingMask: a.optionalTensor("memory_key_padding_mask"),
          tgtIsCausal: a.bool("tgt_is_causal", default: false),
          memoryIsCausal: a.bool("memory_is_causal", default: false)))
    }
    add("TransformerDecoder", ["decoder_layer", "num_layers", "norm"], inputs: inputs) { a in
      try TransformerDecoder(
        a.module("decoder_layer", as: TransformerDecoderLayer.self), numLayers: a.int("num_layers"),
        norm: a.optionalModule("norm", as: LayerNorm.self))
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("tgt"), a.tensor("memory"), tgtMask: a.optionalTensor("tgt_mask"),
          memoryMask: a.optionalTensor("memory_mask"),
          tgtKeyPaddingMask: a.optionalTensor("tgt_key_padding_mask"),
          memoryKeyPaddingMask: a.optionalTensor("memory_key_padding_mask"),
          tgtIsCausal: a.bool("tgt_is_causal", default: false),
          memoryIsCausal: a.bool("memory_is_causal", default: false)))
    }
    add(
      "Transformer",
      [
        "d_model", "nhead", "num_encoder_layers", "num_decoder_layers", "dim_feedforward",
        "dropout",
        "activation", "custom_encoder", "custom_decoder", "layer_norm_eps", "batch_first",
        "norm_first", "bias",
      ],
      inputs: [
        "src", "tgt", "src_mask", "tgt_mask", "memory_mask", "src_key_padding_mask",
        "tgt_key_padding_mask", "memory_key_padding_mask", "src_is_causal", "tgt_is_causal",
        "memory_is_causal",
      ]
    ) { a in
      try Transformer(
        dModel: a.int("d_model", default: 512), nhead: a.int("nhead", default: 8),
        numEncoderLayers: a.int("num_encoder_layers", default: 6),
        numDecoderLayers: a.int("num_decoder_layers", default: 6),
        dimFeedforward: a.int("dim_feedforward", default: 2048),
        dropout: a.double("dropout", default: 0.1), activation: a.activation(),
        layerNormEps: a.double("layer_norm_eps", default: 1e-5),
        batchFirst: a.bool("batch_first", default: false),
        normFirst: a.bool("norm_first", default: false), bias: a.bool("bias", default: true))
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("src"), a.tensor("tgt"), srcMask: a.optionalTensor("src_mask"),
          tgtMask: a.optionalTensor("tgt_mask"), memoryMask: a.optionalTensor("memory_mask"),
          srcKeyPaddingMask: a.optionalTensor("src_key_padding_mask"),
          tgtKeyPaddingMask: a.optionalTensor("tgt_key_padding_mask"),
          memoryKeyPaddingMask: a.optionalTensor("memory_key_padding_mask"),
          srcIsCausal: a.bool("src_is_causal", default: false),
          tgtIsCausal: a.bool("tgt_is_causal", default: false),
          memoryIsCausal: a.bool("memory_is_causal", default: false)))
    }
  }

  private static let layer = [
    "d_model", "nhead", "dim_feedforward", "dropout", "activation", "layer_norm_eps", "batch_first",
    "norm_first", "bias",
  ]
}

extension Arguments {
  fileprivate func layer<M>(
    _ make: (
      _ dModel: Int, _ nhead: Int, _ dimFeedforward: Int, _ dropout: Double,
      _ activation: TransformerActivation, _ layerNormEps: Double, _ batchFirst: Bool,
      _ normFirst: Bool, _ bias: Bool, _ dtype: DType?
    ) -> M
  ) throws -> M {
    try make(
      int("d_model"), int("nhead"), int("dim_feedforward", default: 2048),
      double("dropout", default: 0.1), activation(), double("layer_norm_eps", default: 1e-5),
      bool("batch_first", default: false), bool("norm_first", default: false),
      bool("bias", default: true), nil)
  }

  fileprivate func activation() throws -> TransformerActivation {
    switch value("activation") {
    case nil, .null, .function("relu"), .string("relu"), .module("ReLU", _, _): .relu
    case .function("gelu"), .string("gelu"), .module("GELU", _, _): .gelu
    case .function("silu"), .module("SiLU", _, _): .function { $0.silu() }
    case let other?: throw Unsupported("activation \(other)")
    }
  }

  fileprivate func optionalModule<M: ModuleBase>(_ name: String, as type: M.Type) throws -> M? {
    guard let module = try module(name) else { return nil }
    guard let module = module as? M else {
      throw ArgumentTypeMismatch("the parameter \(name) is of type \(type)")
    }
    return module
  }

  fileprivate func module<M: ModuleBase>(_ name: String, as type: M.Type) throws -> M {
    guard let module = try optionalModule(name, as: type) else {
      throw ArgumentTypeMismatch("the parameter \(name) needs an argument")
    }
    return module
  }
}
