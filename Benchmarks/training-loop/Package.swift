// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the library builds without its benchmarks.
let package = Package(
  name: "training-benchmark",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "swiftlet", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .executableTarget(
      name: "training-loop",
      dependencies: [
        .product(name: "Swiftlet", package: "swiftlet"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/TrainingLoop")
  ],
  swiftLanguageModes: [.v6]
)
