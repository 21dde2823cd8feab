#!/bin/sh
# SPDX-License-Identifier: MIT
# As many processors as there can be; one more is refused.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
echo "processors=$(nproc)"
for n in 0 1 2 3 4 5 6 7; do taskset $((1 << n)) true && echo "works$n"; done
dmesg | grep -E 'Call Trace|BUG:|WARNING:|soft lockup|rcu.*stall' || echo quiet
END
cashew_run --cpus 8 --script "$work/script"
expect_status 0
expect '^processors=8$'
for n in 0 1 2 3 4 5 6 7; do expect "^works$n$"; done
expect '^quiet$'
cashew_run --cpus 9 --script "$work/script"
expect_refusal 'must be 1 to 8'
