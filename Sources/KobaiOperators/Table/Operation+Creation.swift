extension Operation {
  static let creation: [Operation] = [arange, linspace, logspace, eye, full, like]
}
