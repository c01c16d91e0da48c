extension Registry {
  mutating func addLosses() {}
}
