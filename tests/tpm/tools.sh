#!/bin/sh
# SPDX-License-Identifier: MIT
# tpm2-tools (pinned, with their own libraries) against the vTPM as a program of the host: keys, quotes, sealing, NV.
. tests/boot/lib.sh
tools=$(scripts/fetch tpm-tools)/usr/bin/tpm2 || fail "no tpm2-tools"
libraries=
for folder in $(scripts/fetch mssim-tcti tpm- | sort -u); do
	for sub in usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu; do
		[ ! -d "$folder/$sub" ] || libraries="$libraries:$PWD/$folder/$sub"
	done
done
loader=$(scripts/fetch tpm-libc)/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
[ -x "$build/mssim" ] || fail "there is no $build/mssim"

"$build/mssim" --port 0 >"$work/port" 2>"$err" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do
	grep -q ready "$work/port" && break
	sleep 0.1
done
TPM2TOOLS_TCTI=mssim:host=127.0.0.1,port=$(sed -n 's/.*ready at port //p' "$work/port")
export TPM2TOOLS_TCTI
commands=0

tpm() { # TOOL ARGUMENT...: must succeed
	commands=$((commands + 1))
	"$loader" --library-path "${libraries#:}" "$tools" "$@" >"$out" 2>>"$err" || fail "tpm2 $* failed"
	"$loader" --library-path "${libraries#:}" "$tools" flushcontext -t >/dev/null 2>>"$err" || fail "flushcontext failed"
}

tpm_refuses() { # TOOL ARGUMENT...: must not
	! "$loader" --library-path "${libraries#:}" "$tools" "$@" >"$out" 2>&1 || fail "tpm2 $* succeeded"
}

# ./cashew test runs on a machine whose own OpenSSL may be another; the files of the TPM are compared with that.
cd "$work" || exit 1
loader=$OLDPWD/$loader tools=$OLDPWD/$tools
tpm startup -c
tpm selftest -f
tpm getcap properties-fixed
expect 'TPM2_PT_FAMILY_INDICATOR' "$out"
tpm getrandom --hex 16
[ "$(wc -c <"$out")" -eq 32 ] || fail "16 random bytes are not 32 digits"

for type in rsa ecc; do
	tpm createek -c ek-$type.ctx -G $type -u ek-$type.pub
	tpm createak -C ek-$type.ctx -c ak-$type.ctx -G $type -g sha256 -s $([ $type = rsa ] && echo rsassa || echo ecdsa) -u ak-$type.pem -f pem
	tpm pcrextend 16:sha256=$(printf '%064d' 7)
	tpm quote -c ak-$type.ctx -l sha256:0,7,16 -q 00112233 -m quote.msg -s quote.sig -o quote.pcrs -g sha256
	tpm checkquote -u ak-$type.pem -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q 00112233
	tpm_refuses checkquote -u ak-$type.pem -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q 00112234
done

# A signature that another library verifies.
tpm createprimary -C o -G ecc384 -g sha384 -c primary.ctx
tpm create -C primary.ctx -G ecc256:ecdsa-sha256 -u key.pub -r key.priv
tpm load -C primary.ctx -u key.pub -r key.priv -c key.ctx
printf 'message' >message
tpm sign -c key.ctx -g sha256 -f plain -o signature message
tpm readpublic -c key.ctx -f pem -o key.pem
openssl dgst -sha256 -verify key.pem -signature signature message >"$out" 2>&1 || fail "OpenSSL does not accept the signature"

# Sealed to a PCR: what was sealed comes out, until the PCR moves on.
tpm pcrread -o pcr sha256:16
tpm createpolicy --policy-pcr -l sha256:16 -f pcr -L policy
printf 'secret' >secret
tpm create -C primary.ctx -L policy -i secret -u seal.pub -r seal.priv
tpm load -C primary.ctx -u seal.pub -r seal.priv -c seal.ctx
tpm unseal -c seal.ctx -p pcr:sha256:16
[ "$(cat "$out")" = secret ] || fail "what was unsealed is not what was sealed"
tpm pcrextend 16:sha256=$(printf '%064d' 8)
tpm_refuses unseal -c seal.ctx -p pcr:sha256:16

tpm nvdefine 0x1500016 -C o -s 32 -a 'ownerread|ownerwrite'
tpm nvwrite 0x1500016 -C o -i secret
tpm nvread 0x1500016 -C o -s 6
[ "$(cat "$out")" = secret ] || fail "what was read from NV is not what was written"
tpm_refuses nvread 0x1500017 -C o -s 6
tpm nvundefine 0x1500016 -C o
tpm clear
tpm shutdown
kill $server || fail "the TPM has ended"
echo "note: $commands commands of tpm2-tools"
