#!/bin/sh
# SPDX-License-Identifier: MIT
# OVMF resets the machine from its shell and comes up again under the same monitor; it asks for sleep with memory kept, which is
# refused and changes nothing.
. tests/boot/lib.sh
printf 'reset\nver\nmm 604 2400 -w 2 -io -n\nmemmap\n' >"$work/lines"
status=0
./cashew run --timeout 600 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --firmware --cpus 4 --reboot --trace "$work/trace" \
	<"$work/lines" >"$out" 2>"$err" || status=$?
expect_status 0
[ "$(grep -c 'UEFI Interactive Shell v2\.2' "$out")" -ge 3 ] || fail "no second start, or 'ver' is not there"
[ "$(grep -c 'Mapping table' "$out")" -eq 2 ] || fail "the shell did not start twice"
expect 'reset 1 of the guest' "$work/trace"
expect_not 'reset 2 of the guest' "$work/trace"
expect 'asks for sleep state type 1, which is refused' "$work/trace"
expect '^Total Memory: +1,023 MB'
