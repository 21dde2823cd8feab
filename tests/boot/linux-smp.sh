#!/bin/sh
# SPDX-License-Identifier: MIT
# Two processors: the second is created through the monitor and the host, works, goes offline and comes back.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
echo "processors=$(nproc)"
taskset 2 sh -c 'echo "second=$(cut -d" " -f39 /proc/self/stat)"'
(head -c 8388608 /dev/urandom | taskset 1 sha256sum >/dev/null) & (head -c 8388608 /dev/urandom | taskset 2 sha256sum >/dev/null) & wait
echo 0 >/sys/devices/system/cpu/cpu1/online && echo "offline=$(nproc)"
echo 1 >/sys/devices/system/cpu/cpu1/online && echo "online=$(nproc)"
taskset 2 true && echo works
dmesg | grep -E 'Call Trace|BUG:|WARNING:|soft lockup|rcu.*stall' || echo quiet
END
cashew_run --cpus 2 --script "$work/script"
expect_status 0
expect '^processors=2$'
expect '^second=1$'
expect '^offline=1$'
expect '^online=2$'
expect '^works$'
expect '^quiet$'
