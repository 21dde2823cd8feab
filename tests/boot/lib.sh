# SPDX-License-Identifier: MIT
# For the tests of this folder and of tests/image: '. tests/boot/lib.sh' from the root of the repository.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
build=${CASHEW_BUILD:-build/gcc-release}
out=$work/out
err=$work/err

fail() {
	echo "$0: $*"
	for file in "$out" "$err"; do
		[ -s "$file" ] || continue
		echo "--- ${file##*/}"
		grep '^FAILED' "$file"
		tail -n 40 "$file"
	done
	exit 1
}

# ./cashew run, output in $out and $err, status in $status
cashew_run() {
	status=0
	./cashew run --timeout 300 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} "$@" >"$out" 2>"$err" || status=$?
}

expect_status() {
	[ "$status" -eq "$1" ] || fail "exit status $status, expected $1"
}

expect() { # PATTERN [FILE]: an extended regular expression that some line matches
	grep -qE -- "$1" "${2:-$out}" || fail "no line matches: $1"
}

expect_not() { # PATTERN [FILE]
	! grep -qE -- "$1" "${2:-$out}" || fail "a line matches: $1"
}

# Bad input ends with one clear line of ours: status not 0, the reason on standard error, no second line about it.
expect_refusal() { # PATTERN
	[ "$status" -ne 0 ] || fail "exit status 0, expected a failure"
	expect "$1" "$err"
	lines=$(grep -vc '^cashew: building' "$err")
	[ "$lines" -eq 1 ] || fail "$lines lines of explanation, expected one"
}

# The smallest guest: it asks for the end of the VM, with a reason of its own (set 4, code 90).
make_smallest_guest() { # OUTPUT
	cat >"$work/guest.S" <<'END'
	.globl payload_start
payload_start:
	movl $0xC0010130, %ecx
	movl $0x005A4100, %eax
	xorl %edx, %edx
	wrmsr
	rep; vmmcall
1:	jmp 1b
	.section .note.GNU-stack, "", @progbits
END
	gcc -c "$work/guest.S" -o "$work/guest.o" &&
		ld -static -nostdlib --build-id=none -z noexecstack -Ttext-segment=0x200000 -e payload_start \
			"$work/guest.o" -o "$1" || fail "cannot build the guest"
}
