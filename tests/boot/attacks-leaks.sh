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
echo "note: $leaks leaks found"
