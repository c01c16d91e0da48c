import KobaiTensor

/// A module from tensor to tensor, whatever its class.
public typealias TensorModule = any Forward<Tensor, Tensor>

/// Modules that are applied one after the other.
///
///     let net = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
///     let deep = Sequential {
///       Flatten()
///       for width in [128, 64] {
///         Linear(width * 2, width)
///         ReLU()
///       }
///       if useDropout { Dropout(p: 0.5) }
///       Linear(64, 10)
///     }
///     let named = Sequential([("hidden", Linear(2, 3)), ("out", Linear(3, 1))])
///
/// The state's keys are `0.weight`, `2.weight`, or the given names: `hidden.weight`.
public final class Sequential: Module {
  /// The modules with their names.
  public private(set) var layers: [(name: String, module: TensorModule)]

  /// Modules that are named by their positions.
  public init(_ modules: TensorModule...) { layers = Self.numbered(modules) }

  /// Modules that are named by their positions.
  public init(_ modules: [TensorModule]) { layers = Self.numbered(modules) }

  /// Modules with names of their own.
  public init(_ modules: [(String, TensorModule)]) {
    layers = modules.map { (name: $0.0, module: $0.1) }
  }

  /// What the closure lists, with loops and conditions; named by their positions.
  public convenience init(@SequentialBuilder _ modules: () -> [TensorModule]) {
    self.init(modules())
  }

  public override var members: [Member] { layers.map { Member($0.name, .module($0.module)) } }

  /// The number of modules.
  public var count: Int { layers.count }

  /// The module at a position, which may be counted from the end.
  public subscript(position: Int) -> TensorModule {
    get { layers[resolve(position)].module }
    set { layers[resolve(position)].module = newValue }
  }

  /// Some of the modules, shared with this one, under the names that they have here. A range that reaches
  /// beyond the modules ends with them, as in Python.
  ///
  ///     Sequential(Linear(2, 3), ReLU(), Linear(3, 1))[1...].stateDict().keys   // ["2.weight", "2.bias"]
  public subscript(positions: some RangeExpression<Int>) -> Sequential {
    let range = positions.relative(to: layers.indices).clamped(to: layers.indices)
    return Sequential(layers[range].map { ($0.name, $0.module) })
  }

  /// Adds a module at the end, named by its position.
  public func append(_ module: TensorModule) {
    layers.append((name: "\(layers.count)", module: module))
  }

  public func forward(_ input: Tensor) -> Tensor {
    var (x, position) = (input, 0)
    while position < layers.count {
      if let y = pooledConvolution(at: position, x) {
        x = y
        position += Self.pooledConvolutionLength
      } else {
        x = layers[position].module(x)
        position += 1
      }
    }
    return x
  }

  private func resolve(_ position: Int) -> Int {
    let i = position < 0 ? position + layers.count : position
    guard layers.indices.contains(i) else {
      return misuse(
        "Sequential: position \(position) is out of range for \(layers.count) modules: it must lie in "
          + "\(-layers.count) ..< \(layers.count)", else: 0)
    }
    return i
  }

  private static func numbered(_ modules: [TensorModule]) -> [(name: String, module: TensorModule)]
  {
    modules.enumerated().map { (name: "\($0.offset)", module: $0.element) }
  }
}

/// Collects the modules of `Sequential { … }`.
@resultBuilder
public enum SequentialBuilder {
  public static func buildExpression(_ module: TensorModule) -> [TensorModule] { [module] }
  public static func buildExpression(_ modules: [TensorModule]) -> [TensorModule] { modules }
  public static func buildExpression(_ module: TensorModule?) -> [TensorModule] {
    module.map { [$0] } ?? []
  }
  public static func buildBlock(_ parts: [TensorModule]...) -> [TensorModule] {
    parts.flatMap(\.self)
  }
  public static func buildOptional(_ part: [TensorModule]?) -> [TensorModule] { part ?? [] }
  public static func buildEither(first part: [TensorModule]) -> [TensorModule] { part }
  public static func buildEither(second part: [TensorModule]) -> [TensorModule] { part }
  public static func buildArray(_ parts: [[TensorModule]]) -> [TensorModule] {
    parts.flatMap(\.self)
  }
  public static func buildLimitedAvailability(_ part: [TensorModule]) -> [TensorModule] { part }
}
