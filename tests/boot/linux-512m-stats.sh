#!/bin/sh
# SPDX-License-Identifier: MIT
# The smallest guest; the counters are printed, and the digest is the one that 'igvm inspect' computes on its own.
. tests/boot/lib.sh
echo 'echo there' >"$work/script"
cashew_run --memory 512M --stats --script "$work/script"
expect_status 0
expect '^there$'
expect 'PVALIDATE [1-9]' "$err"
expect 'VMPL0 exit  *VMGEXIT  *[1-9]' "$err"
expect '^stays at VMPL0 [1-9][0-9]*, the longest [1-9][0-9]* us$' "$err"
stays=$(sed -n 's/^stays at VMPL0 \([0-9]*\),.*/\1/p' "$err")
sum=$(awk '/^stay at VMPL0 below/ { n += $7 } END { print n + 0 }' "$err")
[ "$stays" -eq "$sum" ] || fail "$stays stays, but the histogram has $sum"
expect 'launch digest [0-9a-f]{96} over' "$err"
