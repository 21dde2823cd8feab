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
expect 'launch digest [0-9a-f]{96} over' "$err"
