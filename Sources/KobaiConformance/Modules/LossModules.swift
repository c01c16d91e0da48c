import Kobai

extension ModuleRegistry {
  mutating func addLosses() {
    module2("MSELoss") { a in MSELoss(reduction: try a.reduction()) }
    module2("L1Loss") { a in L1Loss(reduction: try a.reduction()) }
    module2("SmoothL1Loss") { a in
      try SmoothL1Loss(reduction: a.reduction(), beta: a.double("beta", default: 1))
    }
    module2("HuberLoss", "reduction", "delta") { a in
      try HuberLoss(reduction: a.reduction(), delta: a.double("delta", default: 1))
    }
    module2("PoissonNLLLoss", "log_input", "full") { a in
      try PoissonNLLLoss(
        logInput: a.bool("log_input", default: true), full: a.bool("full", default: false),
        eps: a.double("eps", default: 1e-8), reduction: a.reduction())
    }
    module3("GaussianNLLLoss", inputs: ("input", "target", "var")) { a in
      try GaussianNLLLoss(
        full: a.bool("full", default: false), eps: a.double("eps", default: 1e-6),
        reduction: a.reduction())
    }
    module2("CrossEntropyLoss", "weight") { a in
      try CrossEntropyLoss(
        weight: a.optionalTensor("weight"), ignoreIndex: a.int("ignore_index", default: -100),
        reduction: a.reduction(), labelSmoothing: a.double("label_smoothing", default: 0))
    }
    module2("NLLLoss", "weight") { a in
      try NLLLoss(
        weight: a.optionalTensor("weight"), ignoreIndex: a.int("ignore_index", default: -100),
        reduction: a.reduction())
    }
    module2("BCELoss", "weight") { a in
      try BCELoss(weight: a.optionalTensor("weight"), reduction: a.reduction())
    }
    module2("BCEWithLogitsLoss", "weight") { a in
      try BCEWithLogitsLoss(
        weight: a.optionalTensor("weight"), reduction: a.reduction(),
        posWeight: a.optionalTensor("pos_weight"))
    }
    module2("KLDivLoss") { a in
      try KLDivLoss(
        reduction: a.option(
          "reduction", default: .mean,
          ["none": .none, "mean": .mean, "sum": .sum, "batchmean": .batchMean]),
        logTarget: a.bool("log_target", default: false))
    }
    module2("HingeEmbeddingLoss", "margin") { a in
      try HingeEmbeddingLoss(margin: a.double("margin", default: 1), reduction: a.reduction())
    }
    module3("MarginRankingLoss", "margin", inputs: ("input1", "input2", "target")) { a in
      try MarginRankingLoss(margin: a.double("margin", default: 0), reduction: a.reduction())
    }
    module3("CosineEmbeddingLoss", "margin", inputs: ("input1", "input2", "target")) { a in
      try CosineEmbeddingLoss(margin: a.double("margin", default: 0), reduction: a.reduction())
    }
    addMarginLosses()
    module3(
      "TripletMarginLoss", "margin", "p", "eps", "swap", inputs: ("anchor", "positive", "negative")
    ) { a in
      try TripletMarginLoss(
        margin: a.double("margin", default: 1), p: a.double("p", default: 2),
        eps: a.double("eps", default: 1e-6), swap: a.bool("swap", default: false),
        reduction: a.reduction())
    }
  }

  private mutating func addMarginLosses() {
    module2("SoftMarginLoss") { a in SoftMarginLoss(reduction: try a.reduction()) }
    module2("MultiLabelMarginLoss") { a in MultiLabelMarginLoss(reduction: try a.reduction()) }
    module2("MultiLabelSoftMarginLoss", "weight") { a in
      try MultiLabelSoftMarginLoss(weight: a.optionalTensor("weight"), reduction: a.reduction())
    }
    module2("MultiMarginLoss", "p", "margin", "weight") { a in
      try MultiMarginLoss(
        p: a.int("p", default: 1), margin: a.double("margin", default: 1),
        weight: a.optionalTensor("weight"), reduction: a.reduction())
    }
    module2("LinearCrossEntropyLoss", "in_features", "num_classes") { a in
      // Chunks are a matter of memory alone; without them there is nothing to choose.
      guard !a.has("options") else { throw Unsupported("options of LinearCrossEntropyLoss") }
      _ = a.value("options")
      return try LinearCrossEntropyLoss(
        a.int("in_features"), a.int("num_classes"),
        outFeatures: a.optionalInts("out_features") ?? [], bias: a.bool("bias", default: false),
        reduction: a.reduction(), weight: a.optionalTensor("weight"),
        ignoreIndex: a.optionalInt("ignore_index"),
        labelSmoothing: a.double("label_smoothing", default: 0))
    }
    add(
      "CTCLoss", ["blank", "reduction", "zero_infinity"],
      inputs: ["log_probs", "targets", "input_lengths", "target_lengths"]
    ) { a in
      try CTCLoss(
        blank: a.int("blank", default: 0), reduction: a.reduction(),
        zeroInfinity: a.bool("zero_infinity", default: false))
    } call: { module, a in
      .tensor(
        try module(
          a.tensor("log_probs"), a.tensor("targets"), inputLengths: a.hostInts("input_lengths"),
          targetLengths: a.hostInts("target_lengths")))
    }
    add(
      "AdaptiveLogSoftmaxWithLoss",
      ["in_features", "n_classes", "cutoffs", "div_value", "head_bias"],
      inputs: ["input", "target"]
    ) { a in
      try AdaptiveLogSoftmaxWithLoss(
        a.int("in_features"), a.int("n_classes"), cutoffs: a.ints("cutoffs"),
        divValue: a.double("div_value", default: 4), headBias: a.bool("head_bias", default: false))
    } call: { module, a in
      let (output, loss) = try module(a.tensor("input"), a.tensor("target"))
      return .tuple([.tensor(output), .tensor(loss)])
    }
  }
}

extension Arguments {
  /// Ints in a list or in a tensor; in Swift they are an array.
  func hostInts(_ name: String) throws -> [Int] {
    isTensor(name) ? try tensor(name).array(as: Int.self) : try ints(name)
  }
}
