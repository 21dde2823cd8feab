#!/bin/sh
# SPDX-License-Identifier: MIT
# The test payload with a second processor: calls whose arguments change meanwhile. The processors take turns in one thread of
# QEMU, which loses what one did now and then when there are several (docs/nutshell.md).
. tests/boot/lib.sh
cashew_run --cpus 2 --thread single --payload "$build/payload.elf" --services "$build/test.archive"
expect_status 0
expect '^ok race_on_list_entries'
expect_not 'no races'
expect '^[0-9]+ passed, 0 failed$'
sed -n 's/^\([0-9]* passed, 0 failed\)$/note: \1/p' "$out"
