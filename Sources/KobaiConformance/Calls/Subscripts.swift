extension Registry {
  mutating func addSubscripts() {}
}
