#!/bin/sh
# SPDX-License-Identifier: MIT
# No vCPU stays at VMPL0 for more than 10 ms of the guest's time while the TPM makes keys and tests itself: with --icount,
# where a millisecond is a million instructions, Nutshell's own among them, so that the answer does not depend on this computer.
. tests/boot/lib.sh
[ -f "$build/vtpm-payload.elf" ] || fail "there is no $build/vtpm-payload.elf"
cashew_run --payload "$build/vtpm-payload.elf" --services "$build/services.archive" --icount --stats --option parameter=$((2000 * 256)) \
	--timeout 900
expect_status 0
expect '^ok vtpm_makes_endorsement_keys$'
expect '^ok vtpm_tests_itself$'
expect '[1-9][0-9]* passed, 0 failed'
# The stays end where a slice of 4 ms does: there are some of those, or no command was long enough to tell.
slices=$(awk '/^stay at VMPL0 below/ && $5 > 2048 { n += $7 } END { print n + 0 }' "$err")
[ "$slices" -ge 100 ] || fail "only $slices stays of a whole slice"
longest=$(sed -n 's/^stays at VMPL0 [1-9][0-9]*, the longest \([0-9]*\) us$/\1/p' "$err")
[ -n "$longest" ] || fail "the longest stay is not told"
[ "$longest" -le 10000 ] || fail "a stay at VMPL0 took $longest us"
echo "note: longest stay at VMPL0 $longest us of 10000"
