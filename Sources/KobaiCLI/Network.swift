import Kobai

/// The networks that `kobai train` makes. A run's configuration names one, so that it can be made again.
enum Network: String, Codable, CaseIterable, Sendable {
  case mlp, cnn

  /// A network with new initial values from the default generator.
  ///
  /// - Parameters:
  ///   - input: an example's shape: [C, H, W] for images, [features] for tables.
  ///   - outputs: the number of classes; 1 for a number to be predicted.
  func make(input: Shape, outputs: Int) -> Sequential {
    switch self {
    case .mlp: Self.perceptron(input.reduce(1, *), outputs, isTable: input.count == 1)
    case .cnn: Self.convolutional(input, outputs)
    }
  }

  /// Two hidden layers; narrower ones for tables, which have few columns.
  private static func perceptron(_ inputs: Int, _ outputs: Int, isTable: Bool) -> Sequential {
    let widths = isTable ? [64, 32] : [256, 128]
    return Sequential {
      Flatten()
      Linear(inputs, widths[0])
      ReLU()
      Linear(widths[0], widths[1])
      ReLU()
      Linear(widths[1], outputs)
    }
  }

  /// Two convolutions, a pool, two linear layers, as in PyTorch's MNIST example. Small images are padded,
  /// so that the convolutions keep their size.
  private static func convolutional(_ input: Shape, _ outputs: Int) -> Sequential {
    let (channels, height, width) = (input[0], input[1], input[2])
    let padding = Swift.min(height, width) < 16 ? 1 : 0
    let loss = 4 - 4 * padding
    return Sequential {
      Conv2d(channels, 32, kernelSize: 3, padding: padding)
      ReLU()
      Conv2d(32, 64, kernelSize: 3, padding: padding)
      ReLU()
      MaxPool2d(2)
      Dropout(0.25)
      Flatten()
      Linear(64 * ((height - loss) / 2) * ((width - loss) / 2), 128)
      ReLU()
      Dropout(0.5)
      Linear(128, outputs)
    }
  }
}

/// The optimizers that `kobai train` offers.
enum OptimizerName: String, Codable, CaseIterable, Sendable {
  case sgd, adam, adamw, rmsprop, adadelta

  /// What is used when no learning rate is given.
  var defaultLearningRate: Double {
    switch self {
    case .sgd: 0.02
    case .adam, .adamw, .rmsprop: 0.002
    case .adadelta: 1
    }
  }

  func make(_ parameters: [Tensor], lr: Double) -> Optimizer {
    switch self {
    case .sgd: SGD(parameters, lr: lr, momentum: 0.9)
    case .adam: Adam(parameters, lr: lr)
    case .adamw: AdamW(parameters, lr: lr)
    case .rmsprop: RMSprop(parameters, lr: lr)
    case .adadelta: Adadelta(parameters, lr: lr)
    }
  }
}

/// How the learning rate changes over a run.
enum Schedule: String, Codable, CaseIterable, Sendable {
  case constant
  case oneCycle = "one-cycle"

  /// What changes the rate of an optimizer from step to step; nil if nothing does.
  func make(_ optimizer: Optimizer, lr: Double, epochs: Int, stepsPerEpoch: Int) -> LRScheduler? {
    switch self {
    case .constant: nil
    case .oneCycle:
      OneCycleLR(
        optimizer, maxLR: lr, epochs: epochs, stepsPerEpoch: stepsPerEpoch, cycleMomentum: false)
    }
  }
}
