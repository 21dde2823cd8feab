#!/bin/sh
# SPDX-License-Identifier: MIT
# Unmodified OVMF of two versions, from its reset vector to the shell: it runs a command and switches off.
. tests/boot/lib.sh
firmware_shell() { # ARGUMENT...
	status=0
	printf 'ver\nmemmap\n' | ./cashew run --timeout 600 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --stats "$@" >"$out" 2>"$err" ||
		status=$?
	expect_status 0
	expect 'UEFI Interactive Shell v2\.2'
	expect 'UEFI v2\.[0-9]+ \(Debian distribution of EDK II'
	# 1 GiB without what lies below 1 MiB: the monitor takes nothing of it.
	expect '^Total Memory: +1,023 MB'
	# The monitor is not the firmware's memory, and the firmware validated through it.
	expect '^VMPL2 MSR call run VMPL +[0-9]' "$err"
	expect_not 'VMPL2 event +unsupported' "$err"
}
firmware_shell --firmware
expect '^Reserved +00000000FC000000-00000000FCFFFFFF'
sed -n 's/^\(exits [0-9]*\),.*/note: \1/p' "$err"
firmware_shell --firmware 2025.02
