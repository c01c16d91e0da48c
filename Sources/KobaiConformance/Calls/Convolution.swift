extension Registry {
  mutating func addConvolution() {}
}
