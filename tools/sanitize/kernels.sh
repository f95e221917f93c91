#!/bin/sh
# Runs the kernels under the address, undefined-behaviour and thread sanitizers. Usage: tools/sanitize/kernels.sh [rounds]
set -eu
cd "$(dirname "$0")/../.."
CC=${CC:-clang}
command -v "$CC" > /dev/null || {
  echo "kernels.sh: $CC is not on the path; set CC to the clang of the Swift toolchain" >&2
  exit 69
}
# The toolchain's thread sanitizer also watches libdispatch.
libraries=$(dirname "$(dirname "$(readlink -f "$(command -v "$CC")")")")/lib/swift/linux
kernels=Sources/CSwiftletKernels
mkdir -p .build/sanitize
for sanitizer in address,undefined thread; do
  "$CC" -std=gnu17 -O1 -g -Wall -Wextra -Werror -fsanitize=$sanitizer -fno-sanitize-recover=all \
    -fno-omit-frame-pointer -fuse-ld=lld -pthread -I$kernels/include tools/sanitize/kernels_test.c $kernels/*/*.c -lm \
    $([ $sanitizer = thread ] && echo "-L$libraries -Wl,-rpath,$libraries -ldispatch -lBlocksRuntime") \
    -o .build/sanitize/kernels
  echo "kernels under -fsanitize=$sanitizer"
  .build/sanitize/kernels "$(date +%j)" "${1:-150}"
done
