#!/bin/sh
# Runs the kernels under the address and undefined-behaviour sanitizers. Usage: tools/sanitize/kernels.sh [rounds]
set -eu
cd "$(dirname "$0")/../.."
CC=${CC:-clang}
command -v "$CC" > /dev/null || { echo "kernels.sh: $CC is not on the path; set CC to the clang of the Swift toolchain" >&2; exit 69; }
mkdir -p .build/sanitize
kernels=Sources/CSwiftletKernels
"$CC" -std=gnu17 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fuse-ld=lld \
  -I$kernels/include tools/sanitize/kernels_test.c $kernels/*/*.c -lm -o .build/sanitize/kernels
.build/sanitize/kernels "$(date +%j)" "${1:-300}"
