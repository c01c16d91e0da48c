#!/bin/sh
# Fuzzes one reader: Scripts/fuzz.sh TARGET [options of libFuzzer, or a finding to run again]
#
#   Scripts/fuzz.sh png -runs=1000000
#   Scripts/fuzz.sh png Fuzz/.build/fuzz/png/findings/crash-…
#
# The targets are safetensors, json, idx, gzip, png, npy, csv, table (CSV files as tables, with encoders)
# and checkpoint (the state that a run is continued from), in Fuzz/Sources/kobai-fuzz/Targets. Corpus and
# findings are kept in Fuzz/.build/fuzz.
set -eu
cd "$(dirname "$0")/../Fuzz"

runtime="$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/clang/lib"
library="$(find -L "$runtime" -name "libclang_rt.fuzzer_no_main*$(uname -m)*.a" -o \
  -name "libclang_rt.fuzzer_no_main_osx.a" | head -n 1)"
[ -n "$library" ] || { echo "this toolchain has no libFuzzer under $runtime" >&2; exit 1; }

# The coverage that libFuzzer follows, in all of Kobai; libFuzzer itself is written in C++.
swift build -c release --product kobai-fuzz \
  -Xswiftc -sanitize=address \
  -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
  -Xcc -fsanitize=address -Xcc -fsanitize=fuzzer-no-link \
  -Xlinker "$library" -Xlinker -lstdc++

# A trap should end the program at once, not start a debugger; what remains at the end is no leak.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
exec .build/release/kobai-fuzz "$@"
