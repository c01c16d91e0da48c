extension Operation {
  static let randomness: [Operation] = [rand, randint, bernoulli, multinomial, dropout]
}
