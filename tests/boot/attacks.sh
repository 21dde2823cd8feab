#!/bin/sh
# SPDX-License-Identifier: MIT
# A part of the hostile hosts, one of each kind; './cashew attack' runs all.
. tests/boot/lib.sh
scripts/attack none control-leak-ghcb control-leak-guest control-leak-shared page-replayed page-shared double-mapping \
	monitor-text-taken launched-page-of-guest launched-page-in-ram block-hole cpuid-c-bit-low cpuid-noise memory-map-noise \
	memory-map-over-monitor madt-length vp-count-most secrets-noise features-random register-other psc-list-longer \
	ghcb-noise run-foreign-level call-without-vmgexit reset-for-nothing interrupt-flood message-replayed message-truncated \
	vmsa-of-another foreign-creation >"$out" 2>"$err" || fail "an attack came off"
sed -n 's/^\([0-9]* passed, 0 failed\)$/note: \1/p' "$out"
