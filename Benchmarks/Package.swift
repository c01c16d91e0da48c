// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "kobai-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kobai", path: "..")],
  targets: [
    .target(name: "CPeak", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .executableTarget(
      name: "kobai-benchmarks",
      dependencies: ["CPeak", .product(name: "Kobai", package: "kobai")]),
  ]
)
