#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines from a pipe are typed at the guest's prompt, and the end of the pipe ends the guest.
. tests/boot/lib.sh
status=0
printf 'cat /sys/devices/system/cpu/sev/vmpl\nuname -r\n' |
	./cashew run --timeout 300 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} >"$out" 2>"$err" || status=$?
expect_status 0
expect '^2$'
expect '^7\.[0-9.]*.*-cloud-amd64$'
expect 'This guest runs at VMPL2'
