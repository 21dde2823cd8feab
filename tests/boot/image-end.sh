#!/bin/sh
# SPDX-License-Identifier: MIT
# An image may end anywhere in the monitor's region: at a multiple of 2 MiB, too, and a page before or behind it.
. tests/boot/lib.sh
make_smallest_guest "$work/guest"

build_image() { # BYTES: with services and padding of that size
	head -c "$1" /dev/zero >"$work/padding"
	"$build/archive" -o "$work/archive" "init=$build/services/init.elf" "manifest=$work/manifest" "padding=$work/padding" ||
		fail "cannot pack"
	"$build/igvm" build --quiet --monitor "$build/monitor.elf" --console on --payload "$work/guest" \
		--archive "$work/archive" -o "$work/image" || fail "cannot build the image"
}

image_end() { # offset in the region
	"$build/igvm" inspect --json "$work/image" | tr -d ' ",' |
		sed -n 's/^region_gpa:/region /p; s/^image_end:/end /p' | sort | {
		read -r _ end
		read -r _ start
		echo $((end - start))
	}
}

printf '# no services\n' >"$work/manifest"
build_image 4096
begin=$(image_end)
unit=$((2 << 20))
whole=$(((begin / unit + 1) * unit))
for end in $((whole - 4096)) $whole $((whole + 4096)); do
	build_image $((4096 + end - begin))
	[ "$(image_end)" -eq "$end" ] || fail "the image ends at $(image_end), not at $end"
	cashew_run --image "$work/image"
	expect 'starting the guest'
	cat "$out" "$err" >"$work/all"
	expect 'VMPL2 asked .*reason set 4, code 90' "$work/all"
done
echo "note: images that end at $((whole - 4096)), $whole and $((whole + 4096))"
