#!/bin/sh
# SPDX-License-Identifier: MIT
# Archives of services in which something is missing or broken: a line in the log says what, and the guest starts.
. tests/boot/lib.sh
build=build/gcc-debug
init=$build/services/init.elf
probe=$build/services/test-probe.elf
cp "$build/payload.elf" "$work/payload" || fail "there is no $build/payload.elf"

make_smallest_guest "$work/guest"

# PATTERN NAME=FILE...: the log has such a line, and the guest ends the VM as it wants to
boots() {
	pattern=$1
	shift
	"$build/archive" -o "$work/archive" "$@" || fail "cannot pack"
	cashew_run --debug --payload "$work/guest" --services "$work/archive"
	started "$pattern"
}

started() {
	expect "$1"
	expect 'starting the guest'
	cat "$out" "$err" >"$work/all"
	expect 'VMPL2 asked .*reason set 4, code 90' "$work/all"
}

echo 'nonsense' >"$work/nonsense"
printf 'service a\n  file none\n  memory 99M\nservice b\n' >"$work/second"
boots 'the first process cannot be started' "manifest=$work/nonsense"
boots 'the first process cannot be started' "init=$work/nonsense"
boots 'there is no manifest in the archive: no services' "init=$init"
boots 'manifest, line 1: unknown word; only what' "init=$init" "manifest=$work/nonsense"
boots 'manifest, line 3: memory wants' "init=$init" "manifest=$work/second"
expect 'cannot start service a .*its file is not in the archive'
boots 'service init ended: exception 14' "init=$probe" "manifest=tests/services/manifest"

# The builder refuses a damaged archive; here it is damaged afterwards, as nobody can who is not found out by the digest.
"$build/archive" -o "$work/archive" "init=$init" || fail "cannot pack"
"$build/igvm" build --quiet --monitor "$build/monitor.elf" --console on --payload "$work/guest" --archive "$work/archive" \
	-o "$work/image" || fail "cannot build the image"
offset=$(LC_ALL=C grep -obUaF CASHARC1 "$work/image" | head -n 1 | cut -d: -f1)
[ -n "$offset" ] || fail "no archive in the image"
printf X | dd of="$work/image" bs=1 seek="$offset" conv=notrunc 2>/dev/null
cashew_run --debug --image "$work/image"
started 'the archive of services is malformed'
echo "note: 7 archives"
