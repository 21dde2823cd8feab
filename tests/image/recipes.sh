#!/bin/sh
# SPDX-License-Identifier: MIT
# One monitor, several hosts: images differ by what stands in the recipe. The save area in the monitor's own region, as
# Hyper-V wants it, is started by Nutshell, too.
. tests/boot/lib.sh
igvm=$build/igvm
make_image() { # OUTPUT ARGUMENTS
	output=$1
	shift
	"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --archive "$build/test.archive" "$@" -o "$output" 2>"$err" ||
		fail "no image: $*"
}
for host in qemu hyper-v vanadium; do
	make_image "$work/$host.igvm" --host $host
	make_image "$work/file.igvm" --recipe tools/igvm/recipes/$host.recipe
	cmp "$work/$host.igvm" "$work/file.igvm" || fail "built-in recipe and file of $host differ"
done
"$igvm" diff "$work/qemu.igvm" "$work/vanadium.igvm" >"$out" 2>"$err"
expect '^      G_PAT +0x7040600070406 -> 0x70106$'
expect 'first: MADT \(optional\)'
expect 'second: MADT at'
"$igvm" diff "$work/qemu.igvm" "$work/hyper-v.igvm" --loader library >"$out" 2>"$err"
expect '0x0000fcfff000-.*only in the second \(VMSA\)'
expect '0xfffffffff000-.*only in the first \(VMSA\)'

# Started with the save area at the end of the region: same tests, and the digest of a loader that goes by the file.
foretold=$("$igvm" measure --loader library "$work/hyper-v.igvm") || fail "measure"
cashew_run --image "$work/hyper-v.igvm" --stats
expect_status 0
expect '[1-9][0-9]* passed, 0 failed'
expect "launch digest $foretold over" "$err"

# A recipe of one's own: no MADT, and the rest is as before.
sed 's/^madt = .*/madt = absent/; s/^summary = .*/summary = mine/' tools/igvm/recipes/qemu.recipe >"$work/mine.recipe"
make_image "$work/mine.igvm" --recipe "$work/mine.recipe"
"$igvm" inspect "$work/mine.igvm" >"$out" 2>"$err" || fail "inspect"
expect_not 'MADT'
sed 's/^cr0 = .*/cr0 = many/' tools/igvm/recipes/qemu.recipe >"$work/bad.recipe"
status=0
"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --recipe "$work/bad.recipe" \
	-o "$work/bad.igvm" >"$out" 2>"$err" || status=$?
expect_refusal 'recipe .*bad.recipe, line [0-9]+: '
[ ! -e "$work/bad.igvm" ] || fail "an image of a bad recipe"
echo "note: 3 hosts, 1 started with its save area in the region"
