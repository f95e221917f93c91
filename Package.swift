// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "swiftlet",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "SwiftletRuntime", targets: ["SwiftletRuntime"]),
    .library(name: "SwiftletMedia", targets: ["SwiftletMedia"]),
    .library(name: "SwiftletVision", targets: ["SwiftletVision"]),
    .library(name: "SwiftletBenchmarkKit", targets: ["SwiftletBenchmarkKit"]),
    .library(name: "SwiftletText", targets: ["SwiftletText"]),
    .library(name: "SwiftletLanguage", targets: ["SwiftletLanguage"]),
    .library(
      name: "Swiftlet",
      targets: [
        "SwiftletFiles", "SwiftletTensor", "SwiftletCheckpoint", "SwiftletNN", "SwiftletData", "SwiftletModels",
        "SwiftletPlans", "SwiftletCompression", "SwiftletTraining", "SwiftletExport", "SwiftletSearch",
        "SwiftletWorkflows", "SwiftletReport",
      ]),
    .executable(name: "swiftlet", targets: ["swiftlet"]),
    .executable(name: "swiftlet-run", targets: ["swiftlet-run"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The ground: files in and out.
    .target(name: "CSwiftletFiles"),
    .target(name: "SwiftletFiles", dependencies: ["CSwiftletFiles"]),

    // Text as tokens.
    .target(name: "SwiftletText", dependencies: ["SwiftletFiles"]),

    // What runs: no libtorch from here to swiftlet-run.
    .target(name: "CSwiftletKernels"),
    .target(name: "CSwiftletMedia"),
    .target(name: "SwiftletMedia", dependencies: ["CSwiftletMedia", "SwiftletFiles"]),
    .target(name: "SwiftletRuntime", dependencies: ["CSwiftletKernels", "SwiftletFiles"]),
    .target(name: "SwiftletVision", dependencies: ["SwiftletRuntime", "SwiftletMedia", "SwiftletFiles"]),
    .target(
      name: "SwiftletLanguage",
      dependencies: ["SwiftletRuntime", "SwiftletText", "SwiftletTerminal", "SwiftletFiles", "CSwiftletKernels"]),
    // Standard error and output, signals, exit codes.
    .target(name: "SwiftletTerminal", dependencies: ["SwiftletFiles"]),
    // Fair timing, and what is timed.
    .target(
      name: "SwiftletBenchmarkKit",
      dependencies: ["SwiftletLanguage", "SwiftletRuntime", "CSwiftletKernels", "SwiftletFiles"]),
    .target(
      name: "SwiftletRunCommands",
      dependencies: [
        "SwiftletTerminal", "SwiftletBenchmarkKit", "SwiftletLanguage", "SwiftletText",
        "SwiftletVision", "SwiftletRuntime", "SwiftletMedia", "SwiftletFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "swiftlet-run",
      dependencies: [
        "SwiftletRunCommands",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // What is decided: plans, what they cost, and how they are searched. No libtorch here either.
    .target(
      name: "SwiftletPlans",
      dependencies: ["SwiftletRuntime", "SwiftletFiles", .product(name: "Yams", package: "Yams")],
      // The accelerators that come with the package; the files are links to accelerators/.
      resources: ["nvidia-ampere", "s2ta", "vegeta"].map { .embedInCode("Accelerators/\($0).yaml") }),

    // What learns.
    .target(
      name: "CSwiftletTorch",
      cSettings: [.define("SWT_PACKAGE_LIBTORCH", to: "\"\(Context.packageDirectory)/.torch\"")]),
    .target(name: "SwiftletTensor", dependencies: ["CSwiftletTorch", "SwiftletFiles"]),
    .target(
      name: "SwiftletCheckpoint",
      dependencies: [
        "SwiftletFiles", "SwiftletTensor", .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(name: "SwiftletNN", dependencies: ["SwiftletTensor", "SwiftletCheckpoint", "SwiftletFiles"]),
    .target(
      name: "SwiftletData",
      dependencies: ["SwiftletVision", "SwiftletRuntime", "SwiftletFiles", "SwiftletMedia", "SwiftletTensor"]),
    .target(
      name: "SwiftletModels", dependencies: ["SwiftletNN", "SwiftletCheckpoint", "SwiftletPlans", "SwiftletFiles"]),
    .target(
      name: "SwiftletCompression",
      dependencies: [
        "SwiftletTensor", "SwiftletCheckpoint", "SwiftletNN", "SwiftletModels", "SwiftletPlans", "SwiftletRuntime",
        "SwiftletFiles",
      ]),
    .target(
      name: "SwiftletTraining",
      dependencies: [
        "SwiftletNN", "SwiftletData", "SwiftletVision", "SwiftletMedia", "SwiftletModels", "SwiftletCheckpoint",
        "SwiftletCompression", "SwiftletPlans", "SwiftletRuntime", "SwiftletLanguage", "SwiftletText",
        "SwiftletTerminal", "SwiftletFiles", .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "SwiftletExport",
      dependencies: [
        "SwiftletModels", "SwiftletCompression", "SwiftletPlans", "SwiftletVision", "SwiftletRuntime",
        "SwiftletLanguage", "SwiftletText", "SwiftletNN", "SwiftletTensor", "SwiftletFiles",
      ]),
    .target(
      name: "SwiftletSearch",
      dependencies: [
        "SwiftletTraining", "SwiftletExport", "SwiftletCompression", "SwiftletPlans", "SwiftletVision",
        "SwiftletRuntime", "SwiftletData", "SwiftletModels", "SwiftletBenchmarkKit", "SwiftletLanguage", "SwiftletText",
        "SwiftletTerminal", "SwiftletFiles",
      ]),
    .target(
      name: "SwiftletWorkflows",
      dependencies: [
        "SwiftletSearch", "SwiftletExport", "SwiftletTraining", "SwiftletCompression", "SwiftletPlans",
        "SwiftletModels",
        "SwiftletData", "SwiftletNN", "SwiftletCheckpoint", "SwiftletTensor", "SwiftletVision", "SwiftletMedia",
        "SwiftletRuntime", "SwiftletReport", "SwiftletBenchmarkKit", "SwiftletLanguage", "SwiftletText",
        "SwiftletTerminal", "SwiftletFiles",
      ]),
    .executableTarget(
      name: "swiftlet",
      dependencies: [
        "SwiftletTensor", "SwiftletCheckpoint", "SwiftletNN", "SwiftletData", "SwiftletModels",
        "SwiftletCompression", "SwiftletPlans", "SwiftletTraining", "SwiftletExport", "SwiftletSearch",
        "SwiftletLanguage", "SwiftletRuntime", "SwiftletVision", "SwiftletMedia", "SwiftletFiles",
        "SwiftletReport", "SwiftletRunCommands", "SwiftletTerminal", "SwiftletBenchmarkKit", "SwiftletWorkflows",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ]),

    // What tells: tables and plots as text, Markdown and HTML.
    .target(name: "SwiftletReport", dependencies: ["SwiftletTerminal", "SwiftletFiles"]),

    // Tests mirror the targets.
    .target(name: "TestSupport", dependencies: ["SwiftletFiles"], path: "Tests/TestSupport"),
    .target(name: "TensorTestSupport", dependencies: ["SwiftletTensor"], path: "Tests/TensorTestSupport"),
    .target(
      name: "TrainingTestSupport",
      dependencies: ["SwiftletTraining", "SwiftletModels", "SwiftletData", "TestSupport"],
      path: "Tests/TrainingTestSupport"),
    // A task of its own, through public API only: two inputs, two outputs, frames of any number.
    .target(
      name: "ToyTask",
      dependencies: [
        "SwiftletTraining", "SwiftletData", "SwiftletNN", "SwiftletCheckpoint", "SwiftletTensor", "SwiftletFiles",
      ],
      path: "Tests/ToyTask"),
    .target(
      name: "LanguageTestSupport", dependencies: ["SwiftletLanguage", "SwiftletRuntime", "SwiftletText"],
      path: "Tests/LanguageTestSupport"),
    .target(name: "RuntimeTestSupport", dependencies: ["SwiftletRuntime"], path: "Tests/RuntimeTestSupport"),
    .testTarget(
      name: "SwiftletFilesTests", dependencies: ["SwiftletFiles", "CSwiftletFiles", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletTextTests", dependencies: ["SwiftletText", "SwiftletFiles", "TestSupport"], exclude: ["Goldens"]),
    .testTarget(name: "CSwiftletKernelsTests", dependencies: ["CSwiftletKernels", "TestSupport"]),
    .testTarget(
      name: "SwiftletRuntimeTests",
      dependencies: [
        "SwiftletRuntime", "SwiftletBenchmarkKit", "CSwiftletKernels", "SwiftletFiles", "RuntimeTestSupport",
        "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletPlansTests",
      dependencies: ["SwiftletPlans", "SwiftletModels", "SwiftletRuntime", "SwiftletFiles", "TestSupport"]),
    .testTarget(name: "SwiftletTerminalTests", dependencies: ["SwiftletTerminal"]),
    .testTarget(
      name: "SwiftletBenchmarkKitTests",
      dependencies: ["SwiftletBenchmarkKit", "SwiftletRuntime", "SwiftletFiles", "TestSupport"]),
    .testTarget(
      name: "SwiftletWorkflowsTests",
      dependencies: [
        "SwiftletWorkflows", "SwiftletSearch", "SwiftletExport", "SwiftletTraining", "SwiftletCompression",
        "SwiftletPlans", "SwiftletModels", "SwiftletData", "SwiftletNN", "SwiftletCheckpoint", "SwiftletTensor",
        "SwiftletVision", "SwiftletMedia", "SwiftletRuntime", "SwiftletReport", "SwiftletBenchmarkKit",
        "SwiftletLanguage", "SwiftletText", "SwiftletFiles", "TrainingTestSupport", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletVisionTests",
      dependencies: ["SwiftletVision", "SwiftletRuntime", "SwiftletMedia", "RuntimeTestSupport", "TestSupport"]),
    .testTarget(
      name: "SwiftletLanguageTests",
      dependencies: [
        "SwiftletLanguage", "SwiftletRuntime", "SwiftletText", "SwiftletFiles", "LanguageTestSupport", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletRunCommandsTests",
      dependencies: [
        "SwiftletRunCommands", "SwiftletBenchmarkKit", "SwiftletLanguage", "SwiftletVision", "SwiftletRuntime",
        "SwiftletMedia", "SwiftletText", "SwiftletFiles", "swiftlet-run", "LanguageTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "SwiftletMediaTests", dependencies: ["SwiftletMedia", "SwiftletFiles", "TestSupport"], exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletTensorTests", dependencies: ["SwiftletTensor", "SwiftletFiles", "CSwiftletTorch", "TestSupport"]),
    .testTarget(
      name: "SwiftletCheckpointTests",
      dependencies: ["SwiftletCheckpoint", "SwiftletFiles", "SwiftletTensor", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletNNTests",
      dependencies: ["SwiftletNN", "SwiftletCheckpoint", "SwiftletTensor", "TensorTestSupport", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletDataTests",
      dependencies: ["SwiftletData", "SwiftletVision", "SwiftletFiles", "SwiftletTensor", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletModelsTests",
      dependencies: [
        "SwiftletModels", "SwiftletNN", "SwiftletCheckpoint", "SwiftletTensor", "TensorTestSupport", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletCompressionTests",
      dependencies: [
        "SwiftletCompression", "SwiftletPlans", "SwiftletModels", "SwiftletNN", "SwiftletRuntime", "SwiftletTensor",
        "TensorTestSupport", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletTrainingTests",
      dependencies: [
        "SwiftletTraining", "SwiftletCompression", "SwiftletModels", "SwiftletNN", "SwiftletData", "SwiftletMedia",
        "SwiftletCheckpoint", "SwiftletTensor", "SwiftletRuntime", "SwiftletLanguage", "SwiftletText", "SwiftletFiles",
        "TensorTestSupport", "ToyTask", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "SwiftletExportTests",
      dependencies: [
        "SwiftletExport", "SwiftletTraining", "SwiftletCheckpoint", "SwiftletNN", "SwiftletRuntime", "SwiftletTensor",
        "SwiftletLanguage", "SwiftletModels", "SwiftletCompression", "SwiftletPlans", "SwiftletText", "SwiftletFiles",
        "ToyTask", "RuntimeTestSupport", "TensorTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "SwiftletSearchTests",
      dependencies: [
        "SwiftletSearch", "SwiftletTraining", "SwiftletModels", "SwiftletCompression", "SwiftletPlans",
        "SwiftletRuntime", "SwiftletTensor", "SwiftletLanguage", "SwiftletText", "SwiftletFiles", "TestSupport",
      ]),
    .testTarget(name: "SwiftletReportTests", dependencies: ["SwiftletReport", "SwiftletTerminal"]),
    .testTarget(
      name: "swiftletTests",
      dependencies: ["swiftlet", "swiftlet-run", "SwiftletWorkflows", "TrainingTestSupport", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
