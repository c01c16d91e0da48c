#!/bin/sh
# Checks that the programs in Examples compile, without warnings, against the modules that
# `swift build -c release` (or `swift test -c release`) has built: seconds, where a build of that package of
# its own would compile all of Kobai once more.
set -eu
cd "$(dirname "$0")/.."

build="$(pwd)/.build/release"
[ -d "$build/Modules" ] || { echo "build the package first: swift build -c release" >&2; exit 1; }

# What SwiftPM writes for a target with resources.
accessor="$(mktemp -d)"
trap 'rm -rf "$accessor"' EXIT
cat >"$accessor/resources.swift" <<'SWIFT'
import Foundation
extension Foundation.Bundle { static var module: Bundle { .main } }
SWIFT

status=0
for program in Examples/*/main.swift; do
  extra=""
  grep -q 'Bundle\.module' "$program" && extra="$accessor/resources.swift"
  # shellcheck disable=SC2086
  swiftc -typecheck -warnings-as-errors -swift-version 6 -module-name Example -I "$build/Modules" \
    -I .build/checkouts/swift-numerics/Sources/_NumericsShims/include \
    -Xcc "-fmodule-map-file=$build/CKernels.build/module.modulemap" \
    -Xcc "-fmodule-map-file=$build/CDatasets.build/module.modulemap" \
    "$program" $extra || status=1
done
exit "$status"
