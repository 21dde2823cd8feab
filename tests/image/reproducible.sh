#!/bin/sh
# SPDX-License-Identifier: MIT
# The same inputs give the same image, and 'igvm inspect' shows its digest.
. tests/boot/lib.sh
kernel=$(ls "$(scripts/fetch linux-cloud)"/usr/lib/modules/*/vmlinuz) || fail "no kernel"
for n in 1 2; do
	tools/initramfs/build "$work/initramfs$n.gz" || fail "no initramfs"
	"$build/igvm" build --quiet --monitor "$build/monitor.elf" --kernel "$kernel" --initrd "$work/initramfs$n.gz" \
		--append 'console=ttyS0' -o "$work/$n.igvm" >"$out" 2>"$err" || fail "no image"
done
cmp "$work/1.igvm" "$work/2.igvm" || fail "two builds differ"
"$build/igvm" inspect "$work/1.igvm" >"$out" 2>"$err" || fail "inspect refuses the image"
expect '[0-9a-f]{96}'
