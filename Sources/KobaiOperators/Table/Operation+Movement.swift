extension Operation {
  static let movement: [Operation] = [interpolate]
}
