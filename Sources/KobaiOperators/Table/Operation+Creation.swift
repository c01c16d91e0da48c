extension Operation {
  static let creation: [Operation] = [arange, full]
}
