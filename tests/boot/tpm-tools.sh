#!/bin/sh
# SPDX-License-Identifier: MIT
# Sequences of tpm2-tools through the whole stack, Linux's driver to the engine: sessions, policies, duplication, kinds of
# NV indices, symmetric and asymmetric keys, attestation of keys, the lockout, objects swapped by the resource manager,
# and commands that are malformed. A sequence ends at its first command that goes wrong. Two processors: while the
# sequences run, the demonstration runs, too.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
mkdir /tmp/t; cd /tmp/t
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
q() { "$@" >log 2>&1 || { echo "  $*"; tail -n 4 log; exit 1; }; }
no() { p=$1; shift; if "$@" >log 2>&1; then echo "  not refused: $*"; exit 1; fi; grep -qE "$p" log || { echo "  unexpected: $*"; tail -n 4 log; exit 1; }; }
same() { cmp "$1" "$2" || exit 1; }
run() { (set -e; $1); s=$?; [ $s -eq 0 ] && echo "good: $1" || echo "bad: $1 ($s)"; }

selftest() {
	q tpm2_selftest -f
	q tpm2_gettestresult
	q tpm2_getcap commands
	grep -q TPM2_CC_Quote log
	q tpm2_getcap algorithms
	q tpm2_getcap properties-variable
}
hashes() {
	head -c 5000 /dev/urandom >data
	for a in 1 256 512; do
		q tpm2_hash -C o -g sha$a -o digest --hex data
		[ "$(cat digest)" = "$(sha${a}sum data | cut -d' ' -f1)" ] || { echo "  sha$a differs"; exit 1; }
	done
	q tpm2_pcrreset 16
	q tpm2_pcrevent 16 data
	q tpm2_pcrread sha1:16+sha256:16+sha384:16+sha512:16
	grep -q 'sha512' log
}
encrypted_session() {
	q tpm2_startauthsession --hmac-session -c parent -S session
	q tpm2_sessionconfig session --enable-encrypt --enable-decrypt
	q tpm2_getrandom -S session -o random 32
	q tpm2_create -C parent -P session:session -i random -u s.pub -r s.priv
	q tpm2_flushcontext session
	q tpm2_load -C parent -u s.pub -r s.priv -c s
	q tpm2_unseal -c s -o out
	same random out
}
policies() {
	q tpm2_pcrreset 16
	q tpm2_createpolicy --policy-pcr -l sha256:16 -L one
	q tpm2_pcrextend 16:sha256=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
	q tpm2_createpolicy --policy-pcr -l sha256:16 -L two
	q tpm2_startauthsession -S trial
	q tpm2_policyor -S trial -L either sha256:one,two
	q tpm2_flushcontext trial
	echo either >secret
	q tpm2_create -C parent -L either -i secret -u or.pub -r or.priv -c or
	for i in 1 2; do
		q tpm2_startauthsession --policy-session -S session
		q tpm2_policypcr -S session -l sha256:16
		q tpm2_policyor -S session sha256:one,two
		q tpm2_unseal -c or -p session:session -o out
		q tpm2_flushcontext session
		same secret out
		q tpm2_pcrreset 16
	done
	q tpm2_pcrextend 16:sha256=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
	q tpm2_startauthsession --policy-session -S session
	q tpm2_policypcr -S session -l sha256:16
	no 'value' tpm2_policyor -S session sha256:one,two
	q tpm2_flushcontext session
	q tpm2_startauthsession -S trial
	q tpm2_policyauthvalue -S trial -L value
	q tpm2_flushcontext trial
	q tpm2_create -C parent -L value -p right -i secret -u v.pub -r v.priv -c v
	for p in right wrong; do
		q tpm2_startauthsession --policy-session -S session
		q tpm2_policyauthvalue -S session
		if [ $p = right ]; then q tpm2_unseal -c v -p session:session+$p -o out; else no 'authorization' tpm2_unseal -c v -p session:session+$p; fi
		q tpm2_flushcontext session
	done
	same secret out
}
duplicate() {
	q tpm2_createprimary -C o -G ecc -c new -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt|noda'
	q tpm2_startauthsession -S trial
	q tpm2_policycommandcode -S trial -L dup TPM2_CC_Duplicate
	q tpm2_flushcontext trial
	q tpm2_create -C parent -G ecc -L dup -a 'sensitivedataorigin|userwithauth|sign' -u k.pub -r k.priv -c k
	q tpm2_startauthsession --policy-session -S session
	q tpm2_policycommandcode -S session TPM2_CC_Duplicate
	q tpm2_duplicate -C new -c k -G null -p session:session -r d.priv -s d.seed
	q tpm2_flushcontext session
	q tpm2_import -C new -u k.pub -i d.priv -r i.priv -s d.seed
	q tpm2_load -C new -u k.pub -r i.priv -c i
	echo message >m
	q tpm2_sign -c i -g sha256 -o sig m
	q tpm2_verifysignature -c k -g sha256 -m m -s sig
	tail -c 1 d.priv | tr '\000-\377' '\001-\377\000' >last
	head -c $(($(wc -c <d.priv) - 1)) d.priv >bad; cat last >>bad
	no 'integrity|0x.*DF|ERROR' tpm2_import -C new -u k.pub -i bad -r x.priv -s d.seed
}
symmetric() {
	q tpm2_create -C parent -G hmac -u h.pub -r h.priv -c h
	echo text >m
	q tpm2_hmac -c h -o one m
	q tpm2_hmac -c h -o again m
	same one again
	head -c 16 /dev/zero >key
	q tpm2_import -C parent -G aes -i key -u a.pub -r a.priv
	q tpm2_load -C parent -u a.pub -r a.priv -c a
	q tpm2_encryptdecrypt -c a -o cipher m
	q tpm2_encryptdecrypt -d -c a -o plain cipher
	same m plain
}
asymmetric() {
	q tpm2_createprimary -C n -G rsa2048 -c r -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|decrypt'
	echo text >m
	q tpm2_rsaencrypt -c r -s oaep -o cipher m
	q tpm2_rsadecrypt -c r -s oaep -o plain cipher
	same m plain
	q tpm2_createprimary -C n -G ecc384:ecdh-sha384 -c ecdh -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|decrypt'
	q tpm2_ecdhkeygen -c ecdh -u point -o z1
	q tpm2_ecdhzgen -c ecdh -u point -o z2
	same z1 z2
	head -c 60 point >bad; head -c 40 /dev/urandom >>bad
	no 'ERROR' tpm2_ecdhzgen -c ecdh -u bad -o z3
}
nv_kinds() {
	q tpm2_nvdefine 0x1800001 -C o -a 'ownerread|ownerwrite|authread|authwrite|nt=counter'
	q tpm2_nvincrement 0x1800001 -C o
	q tpm2_nvread 0x1800001 -C o -o one
	q tpm2_nvincrement 0x1800001 -C o
	q tpm2_nvread 0x1800001 -C o -o two
	[ $(($(od -An -tu1 -j7 two) - $(od -An -tu1 -j7 one))) -eq 1 ]
	q tpm2_nvdefine 0x1800002 -C o -g sha256 -a 'ownerread|ownerwrite|nt=extend'
	echo -n abc >m
	q tpm2_nvextend 0x1800002 -C o -i m
	q tpm2_nvread 0x1800002 -C o -o value
	(head -c 32 /dev/zero; cat m) | sha256sum | cut -d' ' -f1 >want
	[ "$(xxd -p -c 99 value)" = "$(cat want)" ]
	q tpm2_nvdefine 0x1800003 -C o -a 'ownerread|ownerwrite|nt=bits'
	q tpm2_nvsetbits 0x1800003 -C o -i 0x8001
	q tpm2_nvread 0x1800003 -C o -o value
	[ "$(xxd -p value)" = 0000000000008001 ]
	q tpm2_nvdefine 0x1800004 -C o -s 2048 -a 'ownerread|ownerwrite|writedefine'
	head -c 2048 /dev/urandom >big
	q tpm2_nvwrite 0x1800004 -C o -i big
	q tpm2_nvread 0x1800004 -C o -o out
	same big out
	q tpm2_nvwritelock 0x1800004 -C o
	no 'locked' tpm2_nvwrite 0x1800004 -C o -i big
	for i in 1 2 3 4; do q tpm2_nvundefine 0x180000$i -C o; done
}
certified() {
	q tpm2_createprimary -C e -G ecc:ecdsa-sha256:null -c sign -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|restricted'
	q tpm2_certify -c parent -C sign -g sha256 -o statement -s sig
	q tpm2_verifysignature -c sign -g sha256 -m statement -s sig
	q tpm2_gettime -c sign -g sha256 -q aabb --attestation statement -o sig
	q tpm2_verifysignature -c sign -g sha256 -m statement -s sig
	q tpm2_nvdefine 0x1800005 -C o -s 8 -a 'ownerread|ownerwrite|authread|authwrite'
	echo 1234567 >m
	q tpm2_nvwrite 0x1800005 -C o -i m
	q tpm2_nvcertify -C sign -g sha256 -o sig --attestation statement --size 8 0x1800005
	q tpm2_verifysignature -c sign -g sha256 -m statement -s sig
	q tpm2_nvundefine 0x1800005 -C o
}
persistent() {
	q tpm2_evictcontrol -C o -c parent 0x81000010
	q tpm2_readpublic -c parent -n name
	q tpm2_readpublic -c 0x81000010 -n other
	same name other
	q tpm2_evictcontrol -C o -c 0x81000010
	no 'ERROR' tpm2_readpublic -c 0x81000010
}
lockout() {
	q tpm2_dictionarylockout -s -n 2 -t 1000 -l 1000
	echo x >m
	q tpm2_create -C parent -p right -i m -u da.pub -r da.priv -c da
	no 'authorization' tpm2_unseal -c da -p wrong
	no 'authorization|lockout' tpm2_unseal -c da -p wrong
	no 'lockout' tpm2_unseal -c da -p right
	q tpm2_dictionarylockout -c
	q tpm2_unseal -c da -p right -o out
	same m out
}
many_objects() {
	for i in 1 2 3 4 5 6 7 8; do echo $i >m$i; q tpm2_create -C parent -i m$i -u x.pub -r x.priv -c x$i; done
	for i in 8 1 7 2; do q tpm2_unseal -c x$i -o out; same m$i out; done
}
clear() {
	q tpm2_changeauth -c o secret
	no 'authorization' tpm2_createprimary -C o -G ecc -c p
	q tpm2_clear
	q tpm2_createprimary -C o -G ecc -c p
	no 'integrity|ERROR' tpm2_load -C p -u da.pub -r da.priv -c da
}
code() { # WANTED COMMAND: sends the bytes as they are, past the resource manager; WANTED may be several codes
	got=$(echo $2 | xxd -r -p | tpm2_send -T device:/dev/tpm0 2>log | xxd -p -c 99 | cut -c13-20)
	case " $1 " in *" ${got:-none} "*) ;; *) false ;; esac || { echo "  $2: $got, not $1"; cat log; exit 1; }
}
malformed() {
	code 00000000 80010000000c0000017b0008
	code 000001da 80010000000a0000017b       # a parameter is missing
	code 00000095 80010000000d0000017b000800 # a byte too many
	code 00000143 80010000000a00000999       # no such command
	code 00000143 80010000000a2000ffff
	code 0000009a 80020000000c0000017b0008   # says that sessions follow
	code "0000001e 00000084" 12340000000c0000017b0008   # no such tag
	code 00000000 80010000000c0000017b0008
}
tpm-demo >demo & # on the other processor
q tpm2_createprimary -C o -G ecc -c parent
for s in $1; do run $s; done
wait
tail -n 1 demo
for s in $2; do run $s; done
dmesg | grep -vE 'verification failed|attempting the self test' | grep -E 'tpm.*(error|fail)|Call Trace|BUG:' || echo quiet
END
# What the demonstration does not touch, and after it what would disturb it. CASHEW_ALL=1: everything, for minutes.
beside='selftest encrypted_session policies nv_kinds many_objects'
after='lockout malformed'
if [ -n "${CASHEW_ALL:-}" ]; then
	beside="$beside hashes duplicate symmetric asymmetric certified persistent"
	after='lockout clear malformed'
fi
{ echo "set -- '$beside' '$after'"; cat "$work/script"; } >"$work/all"
cashew_run --timeout 1200 --tpm --cpus 2 --script "$work/all"
expect_status 0
for sequence in $beside $after; do
	expect "^good: $sequence\$"
done
expect_not '^bad:'
expect '^All 12 steps in the guest were good'
expect '^quiet$'
