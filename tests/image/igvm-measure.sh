#!/bin/sh
# SPDX-License-Identifier: MIT
# Launch digests: the tool, a second implementation in another language, and Nutshell's security processor agree.
. tests/boot/lib.sh
igvm=$build/igvm
second() { # FILE LOADER
	python3 tests/image/launch_digest.py "$1" "$2" || fail "the second implementation refuses $1"
}
agree() { # FILE
	for loader in qemu library; do
		"$igvm" measure --loader $loader "$1" >"$out" 2>"$err" || fail "measure refuses $1"
		[ "$(cat "$out")" = "$(second "$1" $loader)" ] || fail "$1: two implementations differ for $loader"
	done
}
kernel=$(ls "$(scripts/fetch linux-cloud)"/usr/lib/modules/*/vmlinuz) || fail "no kernel"
"$igvm" build --quiet --monitor "$build/monitor.elf" --kernel "$kernel" --append 'console=ttyS0' -o "$work/linux.igvm" ||
	fail "no image"
agree "$work/linux.igvm"
"$igvm" measure "$work/linux.igvm" >"$out" || fail "measure"
expect 'every loader measures the same'
expect_not '^note:'

# Everything that makes loaders differ.
python3 tests/image/launch_digest.py --craft "$work/odd.igvm" || fail "no odd image"
agree "$work/odd.igvm"
"$igvm" measure "$work/odd.igvm" >"$out" 2>"$err" || fail "measure"
expect 'DEPENDS on the loader'
for note in 'pages without content' 'larger than a page' 'pages of 2 MiB' 'before other pages' 'KVM wants CR0'; do
	expect "^note: .*$note"
done

# What runs is what was measured; with another policy, the image need not be written to know its digest.
"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" -o "$work/payload.igvm" || fail "no image"
foretold=$("$igvm" measure --loader qemu --set console=on "$work/payload.igvm") || fail "measure --set"
"$igvm" policy "$work/payload.igvm" --set console=on -o "$work/changed.igvm" || fail "policy"
cashew_run --image "$work/changed.igvm" --stats
expect_status 0
expect "launch digest $foretold over" "$err"
expect 'guest at VMPL2'
echo "note: digests of tool, second implementation and security processor agree"
