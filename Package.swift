// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "kobai",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Kobai", targets: ["Kobai"]),
    .library(name: "KobaiCharts", targets: ["KobaiCharts"]),
    .library(name: "KobaiFormats", targets: ["KobaiFormats"]),
    .library(name: "KobaiData", targets: ["KobaiData"]),
    .executable(name: "kobai", targets: ["KobaiCLI"]),
    .executable(name: "kobai-conformance", targets: ["kobai-conformance"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(
      name: "KobaiTensor",
      dependencies: ["CKernels", .product(name: "ComplexModule", package: "swift-numerics")]),
    .target(name: "KobaiOperators", dependencies: ["KobaiTensor"]),
    .target(name: "KobaiTransforms", dependencies: ["KobaiOperators"]),
    .target(name: "KobaiCompiler", dependencies: ["KobaiTransforms"]),
    .target(name: "KobaiNN", dependencies: ["KobaiTransforms"]),
    .target(name: "KobaiOptim", dependencies: ["KobaiTransforms"]),
    .target(name: "KobaiCharts", dependencies: ["KobaiCompiler", "KobaiFormats"]),
    // The digits are read by #embed; their text states origin and licence.
    .target(name: "CDatasets", exclude: ["digits.bin", "digits.txt"]),
    .target(
      name: "KobaiData",
      dependencies: ["CKernels", "KobaiTransforms", "KobaiFormats", "CDatasets"]),
    .target(
      name: "KobaiTraining", dependencies: ["KobaiNN", "KobaiOptim", "KobaiData", "KobaiFormats"]),
    .target(
      name: "Kobai",
      dependencies: [
        "KobaiTransforms", "KobaiCompiler", "KobaiNN", "KobaiOptim", "KobaiData", "KobaiTraining",
        .product(name: "ComplexModule", package: "swift-numerics"),
      ]),
    .target(name: "KobaiFormats"),

    // The program.
    .executableTarget(
      name: "KobaiCLI",
      dependencies: [
        "Kobai", "KobaiCharts", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Checks against PyTorch's test databases.
    .target(
      name: "KobaiConformance",
      dependencies: [
        "Kobai", "KobaiFormats", .product(name: "ComplexModule", package: "swift-numerics"),
      ]),
    .executableTarget(
      name: "kobai-conformance",
      dependencies: [
        "KobaiConformance", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // What tests share; not part of any product.
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
      name: "KobaiTestSupport", dependencies: ["Kobai", "CTestSupport"],
      path: "Tests/KobaiTestSupport"),

    .testTarget(
      name: "KobaiTensorTests",
      dependencies: [
        "Kobai", "KobaiTestSupport", .product(name: "ComplexModule", package: "swift-numerics"),
      ],
      resources: [.copy("Resources")]),
    .testTarget(
      name: "KobaiOperatorsTests",
      dependencies: [
        "Kobai", "KobaiTestSupport", .product(name: "ComplexModule", package: "swift-numerics"),
      ],
      resources: [.copy("Resources")]),
    .testTarget(name: "OperatorLawTests", dependencies: ["Kobai", "KobaiTestSupport"]),
    .testTarget(name: "KobaiTransformsTests", dependencies: ["Kobai", "KobaiTestSupport"]),
    .testTarget(
      name: "KobaiNNTests", dependencies: ["Kobai", "KobaiTestSupport"],
      resources: [.copy("Resources")]),
    .testTarget(
      name: "KobaiTrainingTests", dependencies: ["Kobai", "KobaiTestSupport"],
      resources: [.copy("Resources")]),
    .testTarget(name: "KobaiCLITests", dependencies: ["Kobai", "KobaiCLI"]),
    .testTarget(name: "KobaiCompilerTests", dependencies: ["Kobai", "KobaiTestSupport"]),
    .testTarget(name: "KobaiOptimTests", dependencies: ["Kobai", "KobaiTestSupport"]),
    .testTarget(
      name: "KobaiChartsTests",
      dependencies: ["Kobai", "KobaiCharts", "KobaiFormats", "KobaiTestSupport"]),
    .testTarget(
      name: "KobaiFormatsTests", dependencies: ["KobaiFormats"], resources: [.copy("Resources")]),
    .testTarget(
      name: "KobaiDataTests", dependencies: ["Kobai", "KobaiFormats", "KobaiTestSupport"],
      resources: [.copy("Resources")]),
    .testTarget(
      name: "ConformanceTests", dependencies: ["Kobai", "KobaiConformance"],
      resources: [.copy("Cases")]),
    // A user's point of view: nothing but what is public.
    .testTarget(name: "UserOperationTests", dependencies: ["Kobai"], packageAccess: false),
    .testTarget(
      name: "AcceptanceTests", dependencies: ["Kobai", "KobaiTestSupport"],
      resources: [.copy("Resources")]),
  ]
)
