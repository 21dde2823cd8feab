#!/bin/sh
# SPDX-License-Identifier: MIT
# Guest firmware in an IGVM file: OVMF, packed by the tool itself, becomes the same guest memory as OVMF as it is, and
# starts from the context in the file to the shell.
. tests/boot/lib.sh
igvm=$build/igvm
ovmf=$(scripts/fetch ovmf)/usr/share/ovmf/OVMF.fd || fail "no firmware"
make_image() { # OUTPUT FIRMWARE
	"$igvm" build --quiet --monitor "$build/monitor.elf" --archive "$build/services.archive" --firmware "$2" -o "$1" 2>"$err" ||
		fail "no image of $2"
}
"$igvm" build --quiet --firmware-only --firmware "$ovmf" -o "$work/ovmf.igvm" 2>"$err" || fail "no IGVM file of OVMF"
make_image "$work/packed.igvm" "$work/ovmf.igvm"
make_image "$work/plain.igvm" "$ovmf"
# All that differs is the guest's first context: reset state as KVM makes it, and as a processor has it.
"$igvm" diff "$work/packed.igvm" "$work/plain.igvm" >"$out" 2>"$err"
expect '^  0x0000fc001000-0x0000fc001fff +1 page +other content: 7 bytes'
expect '^The launch digests differ because 1 page has another content'

foretold=$("$igvm" measure --loader qemu "$work/packed.igvm") || fail "measure"
status=0
printf 'ver\nmemmap\n' | ./cashew run --timeout 600 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --stats --no-reboot \
	--firmware "$work/ovmf.igvm" >"$out" 2>"$err" || status=$?
expect_status 0
expect 'UEFI Interactive Shell v2\.2'
expect '^Total Memory: +1,023 MB'
expect '^Reserved +00000000FC000000-00000000FCFFFFFF'
expect '^VMPL2 MSR call run VMPL +[0-9]' "$err"
expect "launch digest $foretold over" "$err"
