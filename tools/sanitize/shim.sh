#!/bin/sh
# Builds the shim and Tests/Sanitize/shim/main.c with the address and undefined-behaviour sanitizers and runs them.
set -eu
cd "$(dirname "$0")/../.."
libtorch=${LIBTORCH:-$PWD/.torch}
[ -e "$libtorch/lib/libtorch_cpu.so" ] || { echo "libtorch is missing: run ./setup" >&2; exit 69; }
objects=.build/sanitize-shim
mkdir -p $objects
# g++ where it is: the runtime of clang's sanitizers is often left out of toolchains.
compiler=${CXX:-$(command -v g++ || command -v clang++)}
# vptr is left out: it wants type information that libtorch keeps to itself.
flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined"
includes="-isystem $libtorch/include -isystem $libtorch/include/torch/csrc/api/include -ISources/CSwiftletTorch/include"
# Only what changed since the last run.
stale=$(for source in Shim/*.cpp; do
  object=$objects/$(basename "$source" .cpp).o
  [ "$object" -nt "$source" ] && [ "$object" -nt Shim/internal.h ] &&
    [ "$object" -nt Sources/CSwiftletTorch/include/swiftlet_torch.h ] || echo "$source"
done)
# shellcheck disable=SC2086
[ -z "$stale" ] || printf '%s\n' $stale | xargs -P "$(nproc)" -I SOURCE sh -c '
  exec "$@" -c SOURCE -o "'$objects'/$(basename SOURCE .cpp).o"' sh "$compiler" -std=c++20 $flags $includes
# shellcheck disable=SC2086
"$compiler" -x c $flags -ISources/CSwiftletTorch/include -c Tests/Sanitize/shim/main.c -o $objects/main.o
# shellcheck disable=SC2086
"$compiler" $flags $objects/*.o -o $objects/shim -L"$libtorch/lib" -ltorch_cpu -lc10 -lpthread -Wl,-rpath,"$libtorch/lib"
# Vectors cross between code with and without the sanitizer, and libtorch keeps what it registers until the end.
ASAN_OPTIONS=detect_container_overflow=0:alloc_dealloc_mismatch=0 \
LSAN_OPTIONS=suppressions=tools/sanitize/shim-leaks.txt:print_suppressions=0 \
UBSAN_OPTIONS=print_stacktrace=1 $objects/shim
