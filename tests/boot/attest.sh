#!/bin/sh
# SPDX-License-Identifier: MIT
# Attestations that a guest gets are accepted by the verifier, and refused with any bit changed. The host is busy twice
# before it carries a message, and the measurement is the image's.
. tests/boot/lib.sh
"$build/igvm" build --quiet --monitor "$build/monitor.elf" --archive "$build/key.archive" \
	--payload "$build/attest-payload.elf" -o "$work/image.igvm" >"$out" 2>"$err" || fail "no image"
"$build/igvm" inspect "$work/image.igvm" >"$out" 2>"$err" || fail "inspect refuses the image"
measurement=$(grep -oE '[0-9a-f]{96}' "$out")
cashew_run --cpus 2 --option busy=2 --image "$work/image.igvm"
expect_status 0
expect '^[0-9]+ passed, 0 failed$'
expect '^note: vTPM: yes$'
expect_not '^note: one processor$'
cp "$out" "$work/run"

evidence() { # WHAT
	for part in report manifest certs nonce; do
		perl -ne "print pack('H*', \$1) if /^evidence $1-$part ([0-9a-f]+)/" "$work/run" >"$work/$1-$part"
		[ -s "$work/$1-$part" ] || fail "no evidence $1-$part"
	done
}

verify() { # WHAT OPTION...
	what=$1
	shift
	status=0
	"$build/verify" --report "$work/$what-report" --certs "$work/$what-certs" --manifest "$work/$what-manifest" \
		--nonce "$work/$what-nonce" "$@" >"$out" 2>"$err" || status=$?
}

evidence all
evidence vtpm
verify all --test-root --ek "$work/ek.pem" --ek-tpmt "$work/ek.tpmt"
expect_status 0
expect '^ACCEPTED under Nutshell.s TEST ROOT'
expect 'endorsement key$'
grep -q 'BEGIN PUBLIC KEY' "$work/ek.pem" || fail "no endorsement key"
verify vtpm --test-root --service vtpm --json
expect_status 0
expect '^\{"accepted":true,"test_root":true,'
cmp "$work/ek.tpmt" "$work/vtpm-manifest" || fail "two endorsement keys"
verify vtpm --test-root --service vtpm --measurement "$measurement" --min-tcb bootloader=3,tee=1,snp=23,microcode=42
expect_status 0

# Byte for byte and without the verifier: the measurement stands at 0x90 of a report (SNP firmware ABI, ATTESTATION_REPORT).
foretold=$("$build/igvm" measure --loader qemu "$work/image.igvm") || fail "measure refuses the image"
for what in all vtpm; do
	reported=$(od -An -v -tx1 -j144 -N48 "$work/$what-report" | tr -d ' \n')
	[ "$reported" = "$foretold" ] || fail "the report says $reported, igvm measure $foretold"
done

# What is refused without a flipped bit.
verify all
expect_status 1
expect 'test root, whose keys are public: it proves nothing'
verify all --test-root --service vtpm
expect_status 1
verify vtpm --test-root
expect_status 1
verify all --test-root --measurement "$(echo "$measurement" | tr 0123456789abcdef 123456789abcdef0)"
expect_status 1
expect 'another one than you named'
verify all --test-root --min-tcb snp=24
expect_status 1
cp "$work/vtpm-report" "$work/all-report"
verify all --test-root
expect_status 1
evidence all

"$build/flip" "$work/all-report" "$work/all-certs" "$work/all-manifest" "$work/all-nonce" all >"$out" 2>"$err" ||
	fail "changed evidence is accepted"
grep '^note:' "$out"
