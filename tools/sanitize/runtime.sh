#!/bin/bash
# The tests of the runtime and of files under the address and undefined-behaviour sanitizers together, then under the
# thread sanitizer.
#
# The targets that the runtime needs are built as a package of their own, so that neither libtorch nor the training code
# has to go through a sanitizer. Arguments name the passes to run: address, thread.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

package=.build-sanitize
mkdir -p "$package"
ln -sfn "$root/Sources" "$package/Sources"
ln -sfn "$root/Tests" "$package/Tests"
cat > "$package/Package.swift" <<'MANIFEST'
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "sanitize",
  platforms: [.macOS(.v15)],
  targets: [
    .target(name: "CSwiftletFiles"),
    .target(name: "SwiftletFiles", dependencies: ["CSwiftletFiles"]),
    .target(name: "CSwiftletKernels"),
    .target(name: "SwiftletRuntime", dependencies: ["CSwiftletKernels", "SwiftletFiles"]),
    .target(name: "SwiftletBenchmarkKit", dependencies: ["SwiftletRuntime", "CSwiftletKernels", "SwiftletFiles"]),
    .target(name: "TestSupport", dependencies: ["SwiftletFiles"], path: "Tests/TestSupport"),
    .target(name: "RuntimeTestSupport", dependencies: ["SwiftletRuntime"], path: "Tests/RuntimeTestSupport"),
    .testTarget(name: "SwiftletFilesTests", dependencies: ["SwiftletFiles", "CSwiftletFiles", "TestSupport"]),
    .testTarget(
      name: "SwiftletRuntimeTests",
      dependencies: [
        "SwiftletRuntime", "SwiftletBenchmarkKit", "CSwiftletKernels", "SwiftletFiles", "RuntimeTestSupport",
        "TestSupport",
      ],
      exclude: ["Goldens"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
MANIFEST

# Swift's runtime keeps globals until the process ends, which are no leaks of ours.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1
export TSAN_OPTIONS=halt_on_error=1

run() {
  local name=$1
  shift
  echo "== runtime and file tests, $name"
  swift test --package-path "$package" --scratch-path ".build-$name" "$@"
}

# On Linux swiftc knows no undefined-behaviour sanitizer, and Swift traps by itself where C would be undefined. The C code
# gets it in the form that traps, which needs no run-time library, in the same build.
for pass in "${@:-address thread}"; do
  for name in $pass; do
    case $name in
      address) run address --sanitize address -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined ;;
      thread) run thread --sanitize thread ;;
      *) echo "runtime.sh: there is no pass named $name: expected address or thread" >&2; exit 64 ;;
    esac
  done
done
