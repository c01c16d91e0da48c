// swift-tools-version: 6.2
import PackageDescription

// Built by Scripts/fuzz.sh, which adds the sanitizers and libFuzzer: flags that a package on which
// others depend must not set.
let package = Package(
  name: "kobai-fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kobai", path: "..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "kobai-fuzz",
      dependencies: [
        "CFuzzer", .product(name: "Kobai", package: "kobai"),
        .product(name: "KobaiFormats", package: "kobai"),
      ]),
  ]
)
