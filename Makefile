# The commands of the house. `make demo` and `make test` set everything up themselves.
.PHONY: setup demo test lint sanitize arm release run-only bench

setup:
	./setup

# Trains, prunes, exports and runs a small vision transformer on drawn images, and prints one table.
demo: setup
	swift build -c release --product swiftlet
	.build/release/swiftlet demo --out out/demo

test: setup
	swift test

# swift-format and a build without a warning in our own sources.
lint:
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks
	tools/no-warnings

# Kernels, runtime and shim under the address, undefined-behaviour and thread sanitizers.
sanitize: setup
	tools/sanitize/kernels.sh
	tools/sanitize/runtime.sh
	tools/sanitize/shim.sh

# The kernels on emulated Arm processors.
arm:
	tools/arm

# The whole package, optimised.
release:
	swift build -c release

# The deploy-only binary: no libtorch, the Swift library linked in.
run-only:
	swift build -c release --static-swift-stdlib --product swiftlet-run

# Swiftlet beside its peers, turn by turn; writes docs/results/speed.md. BENCH holds arguments of Benchmarks/peers/bench.py:
#   make bench BENCH="--networks deit-small,driving --precisions int8 --rounds 3"
bench: setup
	swift build -c release --product swiftlet
	Benchmarks/peers/environment out/bench/venv
	out/bench/venv/bin/python Benchmarks/peers/bench.py $(BENCH)
