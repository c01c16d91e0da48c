// swift-tools-version: 6.2
import PackageDescription

// Programs of teaching material, one folder each: `swift run -c release NonlinearRegression`.
let names = [
  "NonlinearRegression", "IntrusionDetection", "MNISTClassifier", "CIFAR10Classifier",
  "UniversalApproximation", "Overfitting",
]

let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kobai", path: "..")],
  targets: names.map { name in
    .executableTarget(
      name: name,
      dependencies: [
        .product(name: "Kobai", package: "kobai"), .product(name: "KobaiCharts", package: "kobai"),
      ],
      path: name,
      resources: name == "NonlinearRegression" ? [.copy("ch04_xy.csv")] : [])
  }
)
