// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "TextStream",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swiftlet", path: "../..")],
  targets: [
    .executableTarget(
      name: "TextStream", dependencies: [.product(name: "SwiftletLanguage", package: "swiftlet")])
  ]
)
