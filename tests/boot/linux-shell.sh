#!/bin/sh
# SPDX-License-Identifier: MIT
# An unmodified Linux comes up as an SEV-SNP guest below the monitor, knows it, and its shell works.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
dmesg
echo "vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
echo "memory=$(sed -n 's/MemTotal: *//p' /proc/meminfo)"
ls /sys/bus/platform/devices | grep sev-guest
head -c 16777216 /dev/urandom >/tmp/data && cp /tmp/data /tmp/copy && cmp /tmp/data /tmp/copy && echo "memory-good"
(exit 23)
END
cashew_run --script "$work/script"
expect_status 23
expect 'SEV: Using SNP CPUID table'
expect 'SNP running at VMPL2\.'
expect 'Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP'
expect '^vmpl=2$'
expect '^sev-guest$'
expect '^memory-good$'
expect_not 'Kernel panic|Call Trace|BUG:|WARNING:'
