// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "kobai",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Kobai", targets: ["Kobai"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
  ],
  targets: [
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(
      name: "KobaiTensor",
      dependencies: ["CKernels", .product(name: "ComplexModule", package: "swift-numerics")]),
    .target(name: "KobaiOperators", dependencies: ["KobaiTensor"]),
    .target(name: "KobaiTransforms", dependencies: ["KobaiOperators"]),
    .target(name: "KobaiCompiler", dependencies: ["KobaiTransforms"]),
    .target(name: "Kobai", dependencies: ["KobaiTransforms", "KobaiCompiler"]),
  ]
)
