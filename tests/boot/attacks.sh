#!/bin/sh
# SPDX-License-Identifier: MIT
# A part of the hostile hosts, one of each kind; './cashew attack' runs all.
. tests/boot/lib.sh
scripts/attack control-leak-ghcb control-leak-guest control-leak-shared page-replayed double-mapping monitor-text-taken \
	launched-page-of-guest block-hole-later cpuid-c-bit-low memory-map-over-monitor madt-checksum vp-count-most \
	secrets-noise features-none register-other psc-error ghcb-noise run-foreign-level call-without-vmgexit \
	reset-for-nothing interrupt-flood message-replayed message-truncated vmsa-of-another area-of-vmpl0 \
	none-tpm exception-misshapen exception-in-service message-double-fetch reset-in-service-call \
	>"$out" 2>"$err" || fail "an attack came off"
sed -n 's/^\([0-9]* passed, 0 failed\)$/note: \1/p' "$out"
