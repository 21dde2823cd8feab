#!/bin/sh
# SPDX-License-Identifier: MIT
# An older kernel, with a client of its own for the Core protocol (a second REMAP_CA among others).
. tests/boot/lib.sh
directory=$(scripts/fetch linux-6.12) || fail "no kernel"
kernel=$(ls "$directory"/boot/vmlinuz-*)
cat >"$work/script" <<'END'
uname -r
dmesg | grep -E 'SEV|Memory Encryption'
END
cashew_run --kernel "$kernel" --script "$work/script"
expect_status 0
expect '^6\.12\.'
expect 'SNP running at VMPL2\.'
expect 'Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP'
