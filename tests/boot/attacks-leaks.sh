#!/bin/sh
# SPDX-License-Identifier: MIT
# Monitors and services with a planted fault that lets a secret out, each in another way: the search for canaries finds it, and
# names it. Without a fault the same runs find nothing (boot/attacks).
. tests/boot/lib.sh
. tests/boot/planted.sh

# SECRET FILE SED-SCRIPT ATTACK: FILE changed like this must let the secret out in a run of that attack.
leaks=0
leak() {
	plant "$2" "$3"
	build_planted build/gcc-release/monitor.elf build/gcc-release/attack-tpm.archive
	CASHEW_MONITOR=$variant/monitor.elf CASHEW_SERVICES=$variant scripts/attack "$4" >"$out" 2>"$err" && fail "$2 leaks, and passes"
	grep -q "LEAK: $1 at" "$out" || fail "the leak of $1 by $2 was not found"
	cp "$work/original" "$tree/$2"
	leaks=$((leaks + 1))
}
# The whole mailbox, with its key, in the page that the answer overwrites.
leak "the message key of VMPL0" kernel/psp/mailbox.c \
	's|^\tmessage.certificate_pages = pages;|\tmemcpy(paging_region_pointer(message.response), \&mailbox->channel, PAGE_SIZE);\n&|' \
	none-tpm
# The state of the random number generator in the GHCB, until the next event.
leak random-generator kernel/proc/entropy.c \
	's|^#include "kernel/x86/cpu.h"|#include "abi/ghcb.h"\n&\n#include "kernel/x86/percpu.h"|
	s|^\tbr_hmac_drbg_generate.*|&\n\tmemcpy(percpu_self()->ghcb->shared_buffer, \&generator, sizeof(generator));|' none-tpm
# The TPM's persistent state behind its manifest, which the guest gets.
leak tpm-persistent services/vtpm/main.c \
	's|^\tint error = page == NULL.*|&\n\textern unsigned char gp[1072];\n\n\tif (error == 0) {\n\t\tmemcpy(page + size, gp, sizeof(gp));\n\t\tsize += sizeof(gp);\n\t}|' \
	none-tpm
# The same with the state of the engine's generator; and with that of libcrypto's, where it is looked for.
leak tpm-generator services/vtpm/main.c \
	's|^\tint error = page == NULL.*|&\n\textern unsigned char go[128];\n\n\tif (error == 0) {\n\t\tmemcpy(page + size, go, sizeof(go));\n\t\tsize += sizeof(go);\n\t}|' \
	none-tpm
if nm -S "$build/services/vtpm.elf.full" | grep -q ' 0000000000001000 b thread_local_storage$'; then
	for which in public private; do
		leak libcrypto-$which services/vtpm/main.c \
			"s|^\tint error = page == NULL.*|&\n\textern void **RAND_get0_$which(void *);\n\n\tif (error == 0) {\n\t\tmemcpy(page + size, *(void **)((char *)RAND_get0_$which(NULL)[1] + 240), 120);\n\t\tsize += 120;\n\t}|" \
			none-tpm
	done
else
	echo "note: the generators of this libcrypto are not looked for"
fi
# The first slot of keys, which the guest's is in by then, behind the answer to each command.
leak tpm-keys services/vtpm/main.c \
	's|^\treply_vtpm(0, tpm_command(request.locality, page, request.size, page));|\textern unsigned char s_objects[2608];\n\tuint32_t size = tpm_command(request.locality, page, request.size, page);\n\n\tmemcpy(page + size, s_objects, sizeof(s_objects));\n\treply_vtpm(0, size + (uint32_t)sizeof(s_objects));|' \
	none-tpm
echo "note: $leaks leaks found"
