#!/bin/sh
# SPDX-License-Identifier: MIT
# The test payload at VMPL2 calls every Core call with good, bad and boundary arguments.
. tests/boot/lib.sh
[ -f "$build/payload.elf" ] || fail "there is no $build/payload.elf"
cashew_run --payload "$build/payload.elf" --services "$build/test.archive"
expect_status 0
expect '[1-9][0-9]* passed, 0 failed'
expect '^note: secure-boot mode of the services: 0$'
grep -E 'passed, 0 failed' "$out" | sed 's/^/note: /'
