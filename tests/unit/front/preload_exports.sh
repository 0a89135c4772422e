#!/bin/sh
# SPDX-License-Identifier: MIT
# preload_exports.sh NM LIBRARY HOOKS.DEF - the library's dynamic symbols are the hooks, all of
# them and no others.
set -eu
nm=$1 library=$2 hooks=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^HOOK(\(.*\))$/\1/p' "$hooks" | sort >"$work/expected"
"$nm" -D --defined-only "$library" | awk '{print $3}' | sort >"$work/actual"
test -s "$work/expected"
diff "$work/expected" "$work/actual"
