#!/bin/sh
# SPDX-License-Identifier: MIT
# The test payload with a second processor: calls whose arguments change meanwhile.
. tests/boot/lib.sh
cashew_run --cpus 2 --payload "$build/payload.elf" --services "$build/test.archive"
expect_status 0
expect '^ok race_on_list_entries'
expect_not 'no races'
expect '^[0-9]+ passed, 0 failed$'
sed -n 's/^\([0-9]* passed, 0 failed\)$/note: \1/p' "$out"
