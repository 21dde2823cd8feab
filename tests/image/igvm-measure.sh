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

# What runs is what was measured, and one image serves every policy; with another one, the image need not be written to
# know its digest.
"$igvm" build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --archive "$build/test.archive" \
	-o "$work/payload.igvm" 2>"$err" || fail "no image"
agree "$work/payload.igvm"
under_policy() { # LEVEL SETTING...: starts the payload so; $out and $err are the run's
	level=$1
	shift
	settings="--set console=on --set guest-vmpl=$level"
	for setting in "$@"; do
		settings="$settings --set $setting"
	done
	foretold=$("$igvm" measure --loader qemu $settings "$work/payload.igvm") || fail "measure --set"
	"$igvm" policy "$work/payload.igvm" $settings -o "$work/changed.igvm" || fail "policy"
	[ "$("$igvm" measure --loader qemu "$work/changed.igvm")" = "$foretold" ] || fail "not the digest that was foretold"
	cashew_run --image "$work/changed.igvm" --stats
	# The tests of the services find none (0x80000001: unsupported protocol), and they alone fail.
	expect '^FAILED service_answers_with_its_page: .* is 0x80000001, expected 0x0'
	! grep '^FAILED' "$out" | grep -vE '^FAILED service_|0x80000001, expected' || fail "a test fails that needs no service"
	expect '[1-9][0-9]+ passed, [1-9][0-9]* failed'
	expect "launch digest $foretold over" "$err"
	expect "guest at VMPL$level"
	expect "payload: VMPL$level"
}
under_policy 3 services=off
expect 'the policy turns services off'
under_policy 1 services-off=probe
expect 'service probe: off, as the policy says'
echo "note: digests of tool, second implementation and security processor agree"
