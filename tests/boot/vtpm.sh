#!/bin/sh
# SPDX-License-Identifier: MIT
# The vTPM in its process, called from VMPL2 by a payload on two processors: what a TPM computes, what is malformed or
# changes meanwhile, and 100,000 commands after which the monitor has no less memory than before.
. tests/boot/lib.sh
for file in vtpm-payload.elf services.archive; do
	[ -f "$build/$file" ] || fail "there is no $build/$file"
done
cashew_run --payload "$build/vtpm-payload.elf" --services "$build/services.archive" --cpus 2 --timeout 900
expect_status 0
expect '^note: vTPM: yes'
expect_not '^note: one processor'
expect '[1-9][0-9]* passed, 0 failed'
grep -E 'passed, 0 failed' "$out" | sed 's/^/note: /'
