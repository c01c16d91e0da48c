#!/bin/sh
# Checks the kernels without Swift: Scripts/check-kernels.sh [arm64]
#
# Without an argument for each instruction set that this machine has. `arm64` compiles for that processor
# and runs under an emulator: it needs clang, a cross toolchain's C library and qemu-aarch64 (Debian's
# gcc-aarch64-linux-gnu and qemu-user).
set -eu
cd "$(dirname "$0")/.."

program="$(mktemp)"
trap 'rm -f "$program"' EXIT
compile() {
  clang "$@" -O2 -std=gnu11 -Wall -Werror -ISources/CKernels/include Sources/CKernels/*.c \
    Tools/kernels/*.c -o "$program" -lm -lpthread
}

case "${1:-native}" in
native)
  compile
  for level in baseline avx2 avx512; do
    echo "KOBAI_ISA=$level"
    KOBAI_ISA="$level" "$program"
  done
  ;;
arm64)
  compile --target=aarch64-linux-gnu --gcc-toolchain=/usr --sysroot=/usr/aarch64-linux-gnu \
    -I/usr/aarch64-linux-gnu/include -static -fuse-ld=bfd --ld-path=/usr/bin/aarch64-linux-gnu-ld
  qemu-aarch64 "$program"
  ;;
*)
  echo "usage: Scripts/check-kernels.sh [arm64]" >&2
  exit 64
  ;;
esac
