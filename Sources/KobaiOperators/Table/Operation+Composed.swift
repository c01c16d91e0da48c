extension Operation {
  static let composed: [Operation] = []
}
