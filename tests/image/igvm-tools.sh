#!/bin/sh
# SPDX-License-Identifier: MIT
# sign, policy, diff, extract and inspect as a user calls them, with bad input, too.
. tests/boot/lib.sh
igvm=$build/igvm
runs() { # ARGUMENTS of igvm: must succeed
	status=0
	"$igvm" "$@" >"$out" 2>"$err" || status=$?
	expect_status 0
}
refuses() { # PATTERN ARGUMENTS of igvm: one line on standard error, status 1, no output file
	pattern=$1
	shift
	rm -f "$work/none"
	status=0
	"$igvm" "$@" >"$out" 2>"$err" || status=$?
	expect_status 1
	expect "$pattern" "$err"
	[ "$(wc -l <"$err")" -eq 1 ] || fail "not one line of explanation: $*"
	[ ! -e "$work/none" ] || fail "an output file although it failed: $*"
}
json() { # EXPRESSION of Python over the document d
	python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$out" "$1" ||
		fail "JSON: not so: $1"
}
image=$work/image.igvm
runs build --quiet --monitor "$build/monitor.elf" --payload "$build/payload.elf" --archive "$build/test.archive" -o "$image"
for key in id author other; do
	openssl ecparam -name secp384r1 -genkey -noout -out "$work/$key.pem" 2>"$err" || fail "openssl"
	openssl ec -in "$work/$key.pem" -pubout -out "$work/$key.pub" 2>"$err" || fail "openssl"
done
openssl ecparam -name prime256v1 -genkey -noout -out "$work/p256.pem"

# ---- sign here, sign elsewhere ----
id_digests() { # FILE: prints the key digests; fails when a signature is wrong
	python3 tests/image/launch_digest.py --id-block "$1"
}
runs sign "$image" --id-key "$work/id.pem" --author-key "$work/author.pem" --svn 7 -o "$work/signed.igvm"
id_digests "$work/signed.igvm" >"$work/digests" || fail "an independent check refuses the signatures"
runs measure --json "$work/signed.igvm"
json "d['id_block']['valid'] and d['id_block']['guest_svn'] == 7"
json "[d['id_block'][k] for k in ('id_key_digest', 'author_key_digest')] == open('$work/digests').read().split()"
runs sign "$image" --svn 7 --prepare "$work/block" --id-public "$work/id.pub" --prepare-key "$work/blob"
[ "$(wc -c <"$work/block")" -eq 96 ] && [ "$(wc -c <"$work/blob")" -eq 1028 ] || fail "sizes of what is to be signed"
openssl dgst -sha384 -sign "$work/id.pem" -out "$work/block.sig" "$work/block" || fail "openssl"
openssl dgst -sha384 -sign "$work/author.pem" -out "$work/blob.sig" "$work/blob" || fail "openssl"
runs sign "$image" --svn 7 --id-public "$work/id.pub" --id-signature "$work/block.sig" --author-public "$work/author.pub" \
	--author-signature "$work/blob.sig" -o "$work/elsewhere.igvm" --id-block-output "$work/block2" --id-auth-output "$work/auth"
cmp "$work/block" "$work/block2" && [ "$(wc -c <"$work/auth")" -eq 4096 ] || fail "ID block or authentication"
id_digests "$work/elsewhere.igvm" | cmp - "$work/digests" || fail "signed elsewhere: other keys"
runs sign "$work/signed.igvm" --id-key "$work/other.pem" -o "$work/again.igvm"
[ "$(id_digests "$work/again.igvm" | wc -l)" -eq 1 ] || fail "an ID block is replaced"

# The security processor starts what is signed, and refuses it when it is another image.
cashew_run --image "$work/signed.igvm"
expect_status 0
expect '[1-9][0-9]* passed, 0 failed'
python3 - "$work/signed.igvm" "$work/forged.igvm" <<'END' || fail "no forged image"
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
end = sum(struct.unpack_from("<2I", data, 8))  # of the headers; the first launched page follows
data[(end + 4095) // 4096 * 4096 + 4] ^= 1
open(sys.argv[2], "wb").write(data)
END
cashew_run --image "$work/forged.igvm" --timeout 60
expect_refusal 'ID block: it was signed for another launch digest .SNP_ID_BLOCK at file offset 0x'

refuses 'does not match the ID key' sign "$image" --svn 8 --id-public "$work/id.pub" --id-signature "$work/block.sig" -o "$work/none"
refuses 'does not match the ID key' sign "$image" --svn 7 --id-public "$work/other.pub" --id-signature "$work/block.sig" \
	-o "$work/none"
refuses 'does not match the author key' sign "$image" --svn 7 --id-public "$work/id.pub" --id-signature "$work/block.sig" \
	--author-public "$work/other.pub" --author-signature "$work/blob.sig" -o "$work/none"
refuses 'P-384' sign "$image" --id-key "$work/p256.pem" -o "$work/none"
refuses 'P-384' sign "$image" --id-key "$work/id.pub" -o "$work/none"
refuses 'No such file' sign "$image" --id-key "$work/nowhere" -o "$work/none"
refuses 'does not match the ID key' sign "$image" --id-public "$work/id.pub" --id-signature "$work/block" --svn 7 -o "$work/none" # 96 bytes
refuses 'neither DER' sign "$image" --id-public "$work/id.pub" --id-signature "$work/blob" -o "$work/none"
refuses 'hexadecimal' sign "$image" --id-key "$work/id.pem" --family-id 12 -o "$work/none"
refuses '32 bits' sign "$image" --id-key "$work/id.pem" --svn 4294967296 -o "$work/none"
refuses 'one of --id-key' sign "$image" -o "$work/none"
refuses 'output is missing' sign "$image" --id-key "$work/id.pem"
refuses 'either private' sign "$image" --id-key "$work/id.pem" --id-public "$work/id.pub" --id-signature x -o "$work/none"
refuses 'belong together' sign "$image" --id-public "$work/id.pub" -o "$work/none"

# ---- policy ----
runs policy "$image"
expect '^guest-vmpl = 2$'
runs policy "$work/signed.igvm" --set guest-vmpl=1 --set 'services-off=vtpm vars' -o "$work/changed.igvm"
expect "ID block is for another launch digest" "$err"
runs policy "$work/changed.igvm" --json
json "d['policy_page']['guest-vmpl'] == 1 and d['policy_page']['services-off'] == ['vtpm', 'vars']"
runs policy "$work/changed.igvm"
cp "$out" "$work/policy"
runs policy "$image" --policy "$work/policy" -o "$work/changed2.igvm"
runs policy "$work/changed2.igvm" --defaults -o "$work/back.igvm"
cmp "$work/back.igvm" "$image" || fail "back to the defaults is not back"
refuses 'must be 1, 2 or 3' policy "$image" --set guest-vmpl=4 -o "$work/none"
refuses 'is no key' policy "$image" --set colour=red -o "$work/none"
refuses 'with --output' policy "$image" --set guest-vmpl=1
printf 'console = on\nguest-vmpl = x\n' >"$work/bad"
refuses 'line 2' policy "$image" --policy "$work/bad" -o "$work/none"
python3 tests/image/launch_digest.py --craft "$work/odd.igvm" || fail "no odd image"
refuses 'no policy page' policy "$work/odd.igvm"

# ---- diff: exit status 0 same, 2 different ----
differs() { # PATTERN ARGUMENTS
	pattern=$1
	shift
	status=0
	"$igvm" diff "$@" >"$out" 2>"$err" || status=$?
	expect_status 2
	expect "$pattern"
}
runs diff "$image" "$work/back.igvm"
expect 'launch the same'
differs 'guest-vmpl = 2 -> 1' "$image" "$work/changed.igvm"
expect 'digests differ because 1 page'
differs 'digests are equal' "$image" "$work/signed.igvm"
expect 'second: SNP_ID_BLOCK'
differs '"same_digest": true' "$image" "$work/signed.igvm" --json
json "d['unmeasured_only_in_second'][0]['type'] == 'SNP_ID_BLOCK' and not d['memory']"
differs 'only in the first' "$image" "$work/odd.igvm"
differs 'RIP' "$image" "$work/odd.igvm"
refuses 'two images' diff "$image"

# ---- extract ----
runs extract "$image" --directory "$work/parts"
cmp -n 4096 "$work/parts/policy.bin" "$work/parts/0000fc007000-measured.bin" || fail "policy page"
runs extract "$image" --gpa 0xfc007004 --size 8 -o "$work/eight"
[ "$(od -An -tx1 "$work/eight" | tr -d ' ')" = "$(od -An -tx1 -j4 -N8 "$work/parts/policy.bin" | tr -d ' ')" ] || fail "eight bytes"
refuses "no content at 0xfc003ff0" extract "$image" --gpa 0xfc003ff0 --size 32 -o "$work/none"
refuses 'beyond the address space' extract "$image" --gpa 0xfffffffffffff000 --size 8192 -o "$work/none"
refuses 'must be a number' extract "$image" --gpa zero -o "$work/none"
refuses 'either --directory or --gpa' extract "$image"

# ---- inspect ----
runs inspect "$image"
expect '^  0x0000fc000000  \| #+ +\|.*measured'
expect 'PARAMETER_AREA 0'
runs inspect --json "$work/signed.igvm"
json "d['platforms'][0]['platform'] == 'SEV-SNP' and d['monitor']['region_gpa'] == '0xfc000000' and d['id_block']['valid']"
json "any(m['what'] == 'secrets page' for m in d['memory'])"

# ---- every command: help, unknown options, files that are none ----
for command in build inspect measure sign diff extract policy; do
	runs "$command" --help
	expect "^usage: igvm $command"
	refuses "unknown option '--bogus'" "$command" --bogus
done
for way in headers-cut magic checksum truncated unknown-directive overlap unaligned file-offset; do
	"$build/craft" "$image" $way "$work/bad.igvm" || fail "craft"
	for command in inspect measure; do
		refuses "bad.igvm: .*0x[0-9a-f]+" $command "$work/bad.igvm"
	done
	refuses 'bad.igvm: .*0x[0-9a-f]+' sign "$work/bad.igvm" --id-key "$work/id.pem" -o "$work/none"
	refuses 'bad.igvm: .*0x[0-9a-f]+' diff "$image" "$work/bad.igvm"
done
