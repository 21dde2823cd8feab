#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest with the tools for a TPM, below a monitor without one: it says so and works all the same. And the initial RAM
# file system with the tools has the same bits when it is built again.
. tests/boot/lib.sh
printf '%s\n' 'lsmod; ls /dev/tpm0; tpm2_getrandom 8 || echo refused' 'tpm-demo; echo "demo=$?"' >"$work/lines"
status=0
./cashew run --timeout 300 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --tpm --no-services <"$work/lines" >"$out" 2>"$err" || status=$?
expect_status 0
expect '^There is no TPM: the module that runs at VMPL0 offers none'
expect '^sev_guest +[0-9]'
expect 'ls: /dev/tpm0: No such file'
expect '^refused$'
expect '^      there is no /dev/tpm0$'
expect '^demo=1$'
expect_not 'Kernel panic|Call Trace|BUG:|: not found'

cashew_run --tpm --kernel "$0"
expect_status 2
expect_refusal '^cashew: run: --tpm brings a kernel'

tools/initramfs/build --tpm "$work/again.gz" || fail "the second build failed"
cmp build/guest/initramfs-tpm.gz "$work/again.gz" || fail "the second build has other bits"
