/// One line of `index.jsonl`.
public struct Case: Sendable {
  /// Unique in its folder: `add/0003`.
  public var id: String
  /// `op`, `op_error`, `module`, …
  public var kind: String
  /// 1, 2 or 3; nil if the folder states none.
  public var tier: Int?
  /// The dtype under test; nil where none is.
  public var dtype: String?
  /// The safetensors file that holds its tensors, relative to the folder.
  public var file: String
  /// What the case is about: the call, the module, the optimizer …
  public var subject: String
  /// What is particular to the kind.
  public var body: Body

  public enum Body: Sendable {
    case call(CallCase)
    case module(ModuleCase)
    case optimizer(OptimizerCase)
    case scheduler(SchedulerCase)
    case clipGradNorm(ClipGradNormCase)
    /// A kind that this runner does not know.
    case unknown
    /// A line that does not have the documented form.
    case unreadable(String)
  }
}

/// What is expected of a call: results and derivatives.
public struct Expectation: Sendable {
  /// How the results are compared: `close`, `ties`, `set`, `meta` or `gauge:…`.
  public var compare: String
  public var out: CaseValue
  /// One per output tensor; nil is not differentiated. Nil as a whole: no gradients are asked for.
  public var cotangents: [TensorReference?]?
  /// By the key of the input; nil is absent or zero.
  public var grads: [String: TensorReference?]
  /// The keys of `grads` as they stand in the file: `vectors` goes by this order.
  public var gradOrder: [String] = []
  /// Directions along which the gradients are differentiated again, one per input.
  public var vectors: [TensorReference?]?
  public var grads2: [String: TensorReference?]
  /// By the key of the input: its content afterwards.
  public var mutated: [String: TensorReference]
  /// The reference does not agree with itself in higher precision.
  public var isUnstable: Bool
}

/// The error that torch raised.
public struct ExpectedError: Sendable, Decodable {
  public var type: String
  public var regex: String
  public var message: String
}

/// `op` and `op_error`.
public struct CallCase: Sendable {
  public var op: String
  public var variant: String
  /// `torch.x`, `Tensor.x`, `aten.x` or `custom: formula`.
  public var call: String
  public var args: [CaseValue]
  public var kwargs: [String: CaseValue]
  /// `x.op_(…)` must give the same result.
  public var hasInPlaceForm: Bool
  /// Nil for a call that must be refused.
  public var expected: Expectation?
  public var error: ExpectedError?
}

/// `module` and `module_error`.
public struct ModuleCase: Sendable {
  public var module: String
  public var isTraining: Bool
  public var constructorArgs: [CaseValue]
  public var constructorKwargs: [String: CaseValue]
  /// By the names of PyTorch's state_dict.
  public var state: [String: TensorReference]
  public var args: [CaseValue]
  public var kwargs: [String: CaseValue]
  public var expected: Expectation?
  public var error: ExpectedError?
  /// `construction` or `forward`.
  public var errorOn: String?
}

/// `optimizer` and `optimizer_error`.
public struct OptimizerCase: Sendable {
  public struct Group: Sendable, Decodable {
    public var params: [Int]
    public var kwargs: [String: CaseValue]
  }

  public struct Closure: Sendable, Decodable {
    /// Pairs A, B of the loss Σ ½‖A·p − B‖².
    public var leastSquares: [[TensorReference]]
    enum CodingKeys: String, CodingKey { case leastSquares = "least_squares" }
  }

  public var optimizer: String
  public var kwargs: [String: CaseValue]
  /// As given; for `optimizer` cases a list of tensors.
  public var params: CaseValue
  /// One tensor per parameter whose first dimension counts steps; nil never has a gradient.
  public var grads: [TensorReference?]
  public var groups: [Group]
  public var hasSparseGrads: Bool
  public var closure: Closure?
  /// Step → the parameters after it.
  public var expect: [Int: [TensorReference]]
  public var isUnstable: Bool
  public var error: ExpectedError?
  public var errorOn: String?
}

/// `scheduler`.
public struct SchedulerCase: Sendable {
  public var scheduler: String
  public var initialRate: Double
  public var kwargs: [String: CaseValue]
  /// What ReduceLROnPlateau is told after each step.
  public var metrics: [Double]?
  /// The learning rate used at each step.
  public var rates: [Double]
}

/// `clip_grad_norm`.
public struct ClipGradNormCase: Sendable {
  public var grads: [TensorReference]
  public var kwargs: [String: CaseValue]
  public var totalNorm: TensorReference
  public var expect: [TensorReference]
}
