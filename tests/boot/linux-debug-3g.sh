#!/bin/sh
# SPDX-License-Identifier: MIT
# Debug build, and memory above 4 GiB.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
awk '/MemTotal/ { print ($2 > 2600000) ? "memory-there" : "memory-missing" }' /proc/meminfo
head -c 4194304 /dev/zero | sha256sum
END
cashew_run --debug --memory 3G --script "$work/script"
expect_status 0
expect '^memory-there$'
expect '^bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d3af8'
