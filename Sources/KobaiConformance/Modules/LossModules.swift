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
    module3(
      "TripletMarginLoss", "margin", "p", "eps", "swap", inputs: ("anchor", "positive", "negative")
    ) { a in
      try TripletMarginLoss(
        margin: a.double("margin", default: 1), p: a.double("p", default: 2),
        eps: a.double("eps", default: 1e-6), swap: a.bool("swap", default: false),
        reduction: a.reduction())
    }
  }
}
