#!/bin/sh
# SPDX-License-Identifier: MIT
# A vTPM that dies in the middle of a command: its caller gets an error, init starts it again, and it is a TPM in failure
# mode then, never a fresh one.
. tests/boot/lib.sh
for file in vtpm-dies-payload.elf vtpm-dies.archive; do
	[ -f "$build/$file" ] || fail "there is no $build/$file"
done
cashew_run --payload "$build/vtpm-dies-payload.elf" --services "$build/vtpm-dies.archive" --timeout 900
expect_status 0
expect '[1-9][0-9]* passed, 0 failed'
