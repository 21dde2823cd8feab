#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration of the TPM: every step in Linux and every check of the relying party, one by one; then the evidence of
# the TPM that it kept, with every bit changed that flip.c changes.
. tests/boot/lib.sh
status=0
./cashew run --tpm-demo --timeout 1200 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --keep "$work/evidence" >"$out" 2>"$err" || status=$?
expect_status 0

# Line N of a step's text; every step has its title, its findings and its verdict.
step() { # NUMBER TITLE FINDING...
	sed -n "/^ *$1\. $2/,/^    [okFAILD]* (/p" "$out" >"$work/step"
	[ -s "$work/step" ] || fail "there is no step $1, $2"
	shift 2
	for finding in "$@"; do
		expect "^      $finding" "$work/step"
	done
	expect '^    ok \([0-9.]* s\)$' "$work/step"
}

zeros=$(printf '%064d' 0)
# SHA-256 of 32 zero bytes and the digest of "first", by another implementation.
first=$(perl -MDigest::SHA=sha256,sha256_hex -e 'print sha256_hex("\0" x 32 . sha256("first"))')
step 1 'The TPM that Linux sees' '/dev/tpm0, driver tpm-svsm; Linux runs at VMPL2' 'TPM 2.0 revision 1.*sha256'
step 2 'Random bytes' '[0-9a-f]{64}$'
step 3 'Extend and read a PCR' "PCR 23 after reset:  $zeros" "extended, \"first\": $first\$"
step 4 'An RSA key' 'created an RSA-2048 key' 'signed a message' 'the signature on another message: refused'
step 5 'An ECC key' 'created an ECC P-256 key' 'signed a message' 'the signature on another message: refused'
step 6 'Seal a secret' 'sealed 25 bytes' 'unsealed the same' 'unsealing after PCR 23 changed: refused'
step 7 'Non-volatile' 'defined index .* read the same' 'reading with a wrong password: refused' 'reading after .* refused'
step 8 'Endorsement' 'the TPM decrypted it'
step 9 'Quote PCRs' 'quoted PCRs .* accepts' 'a bit of the quote flipped: refused' "a bit of the PCRs' values flipped: refused"
step 10 'Attest the TPM' 'a report of 1184 bytes' 'made for VMPL0' "the manifest is the public part of this TPM's"
step 11 'Attest all services' 'a report of 1184 bytes' 'the manifest lists [1-9].* the vTPM among them'
step 12 'Attest a service that does not exist' 'a report for a service .* refused'
expect '^All 12 steps in the guest were good'
[ "$(grep -c '^    ok: the evidence is accepted$' "$out")" -eq 2 ] || fail "not both reports are accepted"
[ "$(grep -c "^ *ACCEPTED under Nutshell's TEST ROOT" "$out")" -eq 2 ] || fail "verify did not accept both reports"
[ "$(grep -c '^    ok: one bit flipped in the .*: refused every time$' "$out")" -eq 4 ] || fail "flipped bits were not refused"
expect '^    ok: the report with another nonce: refused$'
expect '^    ok: the report with another manifest: refused$'
expect '^Everything was as it should be: '
expect_not '@@|FAILED|Kernel panic|Call Trace|BUG:'

cp "$out" "$work/run"
cd "$work/evidence" || fail "no evidence was kept"
# Those of all services are in boot/attest.
"$OLDPWD/$build/flip" vtpm.report vtpm.certificates vtpm.manifest nonce c476f1eb-0123-45a5-9641-b4e7dde5bfe3 >"$out" 2>"$err" ||
	fail "changed evidence is accepted"
expect '^note: [0-9]+ changes, 0 accepted$'
