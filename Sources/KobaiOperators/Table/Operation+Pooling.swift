extension Operation {
  static let pooling: [Operation] = [
    maxPool1d, maxPool2d, maxPool3d, avgPool1d, avgPool2d, avgPool3d, adaptiveAvgPool1d,
    adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d,
    lpPool1d, lpPool2d, lpPool3d, maxUnpool1d, maxUnpool2d, maxUnpool3d, fractionalMaxPool2d,
    fractionalMaxPool3d,
  ]
}
