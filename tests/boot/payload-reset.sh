#!/bin/sh
# SPDX-License-Identifier: MIT
# The payload resets the machine in each way that there is, with another processor running, and
# the test services, which are reset, too.
. tests/boot/lib.sh
cashew_run --cpus 2 --reboot --option parameter=3 --payload "$build/payload.elf" \
	--services "$build/test.archive"
expect_status 0
[ "$(grep -c '^ok reset_starts_the_guest_as_at_first' "$out")" -eq 5 ] || fail "not five starts"
expect_not '^FAILED'
expect '^2 passed, 0 failed$'
