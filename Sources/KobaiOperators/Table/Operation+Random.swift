extension Operation {
  static let randomness: [Operation] = [
    rand, sampling, randint, randomInPlace, bernoulli, multinomial, poisson, standardGamma, dropout,
    featureDropout, alphaDropout, rrelu, gumbelSoftmax, truncNormal,
  ]
}
