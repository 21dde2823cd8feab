#!/bin/sh
# SPDX-License-Identifier: MIT
# Two and four processors call the monitor at random; its record and the reverse map agree after every batch. They run at the
# same time, by a thread of QEMU each.
. tests/boot/lib.sh
for cpus in 2 4; do
	cashew_run --cpus $cpus --thread multi --option parameter=2 --payload "$build/payload.elf"
	expect_status 0
	expect "^note: stress: $cpus processors"
	expect '^1 passed, 0 failed$'
	grep '^note: stress' "$out"
done
