#!/bin/sh
# Runs the tests under a sanitizer: Scripts/sanitize.sh address | thread | undefined [swift test options]
#
# The build goes to a folder of its own. Tests that do much of the same do less of it: graphs of a
# million operations, runs of a hundred training steps (see Tests/KobaiTestSupport/Workload.swift).
set -eu
cd "$(dirname "$0")/.."

sanitizer="${1:?address, thread or undefined}"
shift
export KOBAI_SANITIZER="$sanitizer"
# Exit tests end a process on purpose; its leaks, and the pool that a program keeps to its end, are none.
# Tests ask for memory that is not there and expect to be told.
export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export TSAN_OPTIONS="allocator_may_return_null=1:${TSAN_OPTIONS:-}"
exec swift test --sanitize="$sanitizer" --scratch-path ".build-$sanitizer" "$@"
