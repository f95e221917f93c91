// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "ImageClassifier",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swiftlet", path: "../..")],
  targets: [
    .executableTarget(
      name: "ImageClassifier",
      dependencies: [
        .product(name: "SwiftletVision", package: "swiftlet"),
        .product(name: "SwiftletMedia", package: "swiftlet"),
      ])
  ]
)
