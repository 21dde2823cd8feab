#!/bin/sh
# SPDX-License-Identifier: MIT
# Damaged builds of OVMF: the image builder says in one line what is wrong and where in the file, and writes no image.
. tests/boot/lib.sh
good=$(scripts/fetch ovmf)/usr/share/ovmf/OVMF.fd || fail "no firmware"
size=$(wc -c <"$good")
footer=$((size - 0x30))  # GUID of the table's footer
sev=$((size - 0x5C4))    # descriptor of the SEV sections: 16 bytes, then 12 for each
[ "$(dd if="$good" bs=1 skip=$sev count=4 2>/dev/null)" = ASEV ] || fail "this is not the firmware that the test knows"

patch() { # OFFSET NUMBER: 32 bits, little-endian
	bytes=$(printf '\\%03o' $(($2 & 255)) $(($2 >> 8 & 255)) $(($2 >> 16 & 255)) $(($2 >> 24 & 255)))
	printf "$bytes" | dd of="$work/bad.fd" bs=1 seek=$1 conv=notrunc 2>/dev/null
}
section() { # INDEX BASE SIZE
	patch $((sev + 16 + 12 * $1)) $2
	patch $((sev + 20 + 12 * $1)) $3
}
count=0
build_bad() {
	rm -f "$work/bad.igvm"
	status=0
	"$build/igvm" build --quiet --monitor "$build/monitor.elf" --firmware "$work/bad.fd" -o "$work/bad.igvm" \
		>"$out" 2>"$err" || status=$?
}
refused() { # PATTERN OFFSET
	build_bad
	echo "status $status: $(cat "$err")"
	expect_refusal "firmware $work/bad.fd: .*$1.*\(at offset $(printf '0x%x' "$2")\)"
	[ ! -e "$work/bad.igvm" ] || fail "an image was written"
	count=$((count + 1))
	cp "$good" "$work/bad.fd"
}
cp "$good" "$work/bad.fd"
patch $footer 0
refused 'no GUIDed table' $footer
head -c $((size - 4096)) "$good" >"$work/bad.fd"
refused 'no GUIDed table' $((footer - 4096))
head -c $((size - 1)) "$good" >"$work/bad.fd"
refused 'size' $((size - 1))
patch $sev 0
refused 'signature' $sev
patch $((sev + 8)) 2
refused 'version' $((sev + 8))
patch $((sev + 12)) 1000
refused 'more sections than bytes' $((sev + 12))
section 1 0x808000 0x3000
refused 'overlaps another' $((sev + 28))
section 0 0xFC000000 0x1000
refused 'lies over the monitor' $((sev + 16))
section 0 0x90000000 0x1000
refused 'beyond the RAM' $((sev + 16))
section 0 0xA0000 0x1000
refused 'display and ROMs' $((sev + 16))
section 0 0x800800 0x1000
refused 'not page aligned' $((sev + 16))
section 0 0x800000 0
refused 'empty' $((sev + 16))
patch $((sev + 24)) 77
refused 'type that is not known' $((sev + 24))

# RAM that some guests have and this one does not: the monitor finds out.
section 0 0x60000000 0x1000
build_bad
[ "$status" -eq 0 ] || fail "a section below 2 GiB is refused"
cashew_run --image "$work/bad.igvm" --memory 512M
expect_refusal 'does not fit the RAM'
echo "note: $((count + 1)) builds refused"
