#!/bin/sh
# SPDX-License-Identifier: MIT
# What goes wrong in a guest or with a script is said, and the exit status tells it.
. tests/boot/lib.sh
echo 'sleep 1000' >"$work/script"
status=0
./cashew run --timeout 20 ${CASHEW_QEMU:+--qemu "$CASHEW_QEMU"} --script "$work/script" >"$out" 2>"$err" || status=$?
expect_status 124
expect 'no end after 20 seconds' "$err"

cashew_run --append 'rdinit=/nothing root=/dev/none' --script "$work/script"
expect_status 1
expect "kernel panicked" "$err"

cashew_run --script /nonexistent
expect_status 2
expect_refusal 'no such file'

cashew_run --memory 256M
expect_status 2
expect_refusal 'at least 512M'

cashew_run --qemu no-such-qemu
expect_status 125
expect_refusal "no QEMU called 'no-such-qemu'"

cashew_run --thread several
expect_status 2
expect_refusal '--thread several: must be single or multi'

status=0
tests/run-all --jobs none >"$out" 2>"$err" || status=$?
expect_status 2
expect_refusal '--jobs needs a number'
