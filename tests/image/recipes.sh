#!/bin/sh
# SPDX-License-Identifier: MIT
# One monitor, several hosts: images differ by what stands in the recipe. The monitor's region inside RAM with the save area
# in its last page, as for Hyper-V, is started by Nutshell, too.
. tests/boot/lib.sh
igvm=$build/igvm
make_image() { # OUTPUT ARGUMENTS
	output=$1
	shift
	"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --archive "$build/test.archive" "$@" -o "$output" 2>"$err" ||
		fail "no image: $*"
}
for host in qemu hyper-v vanadium; do
	make_image "$work/$host.igvm" --host $host --set secure-boot=deployed
	make_image "$work/file.igvm" --recipe tools/igvm/recipes/$host.recipe --set secure-boot=deployed
	cmp "$work/$host.igvm" "$work/file.igvm" || fail "built-in recipe and file of $host differ"
done
"$igvm" diff "$work/qemu.igvm" "$work/vanadium.igvm" >"$out" 2>"$err"
expect '^      G_PAT +0x7040600070406 -> 0x70106$'
expect 'first: MADT \(optional\)'
expect 'second: MADT at'
"$igvm" diff "$work/qemu.igvm" "$work/hyper-v.igvm" --loader library >"$out" 2>"$err"
expect '0x000008fff000-.*only in the second \(VMSA\)'
expect '0xfffffffff000-.*only in the first \(VMSA\)'

# Started with the region elsewhere and the save area at its end: same tests, and the digest of a loader that goes by the file.
foretold=$("$igvm" measure --loader library "$work/hyper-v.igvm") || fail "measure"
cashew_run --image "$work/hyper-v.igvm" --stats
expect_status 0
expect '[1-9][0-9]* passed, 0 failed'
expect "launch digest $foretold over" "$err"
# The policy's mode reaches the services: "deployed". It is measured: with another one, the digest is another one.
expect '^note: secure-boot mode of the services: 2$'
[ "$("$igvm" measure --loader library --set secure-boot=setup "$work/hyper-v.igvm")" != "$foretold" ] ||
	fail "the secure-boot mode is not measured"
"$igvm" inspect "$work/hyper-v.igvm" >"$out" 2>"$err" || fail "inspect"
expect 'monitor ends at 0x80[0-9a-f]+ of 0x9000000'
expect '^  secure-boot = deployed$'

# A recipe of one's own: no MADT, and the rest is as before.
sed 's/^madt = .*/madt = absent/; s/^summary = .*/summary = mine/' tools/igvm/recipes/qemu.recipe >"$work/mine.recipe"
make_image "$work/mine.igvm" --recipe "$work/mine.recipe"
"$igvm" inspect "$work/mine.igvm" >"$out" 2>"$err" || fail "inspect"
expect_not 'MADT'
refuses() { # PATTERN SED-SCRIPT
	sed "$2" tools/igvm/recipes/qemu.recipe >"$work/bad.recipe"
	status=0
	"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --recipe "$work/bad.recipe" \
		-o "$work/bad.igvm" >"$out" 2>"$err" || status=$?
	expect_refusal "$1"
	[ ! -e "$work/bad.igvm" ] || fail "an image of a bad recipe"
}
refuses 'recipe .*bad.recipe, line [0-9]+: ' 's/^cr0 = .*/cr0 = many/'
refuses 'recipe .*bad.recipe: region must lie' 's/^region = .*/region = 0xfe000000/'
refuses 'overlaps the monitor' 's/^region = .*/region = 0x200000/'
echo "note: 3 hosts, 2 places of the region, 1 of them started here with its save area inside"
