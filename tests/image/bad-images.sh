#!/bin/sh
# SPDX-License-Identifier: MIT
# Damaged and hostile IGVM files: the machine says in one line what is wrong and ends with a failure.
. tests/boot/lib.sh
kernel=$(ls "$(scripts/fetch linux-cloud)"/usr/lib/modules/*/vmlinuz) || fail "no kernel"
"$build/igvm" build --quiet --monitor "$build/monitor.elf" --kernel "$kernel" --append 'console=ttyS0' \
	-o "$work/good.igvm" >"$out" 2>"$err" || fail "no image"
count=0
refused() { # WAY PATTERN
	"$build/craft" "$work/good.igvm" "$1" "$work/bad.igvm" || fail "craft failed"
	cashew_run --image "$work/bad.igvm" --timeout 60
	echo "$1: status $status: $(grep -v '^cashew: building' "$err")"
	expect_refusal "$2"
	count=$((count + 1))
}
refused empty 'IGVM'
refused headers-cut 'truncated'
refused magic 'IGVM'
refused version 'version'
refused header-size 'header'
refused checksum 'checksum'
refused truncated 'IGVM|file'
refused unknown-directive '3[fF][eE]|unknown'
refused overlap 'overlap|twice|already'
refused unaligned 'align'
refused outside-ram 'RAM|memory'
refused file-offset 'file'
refused vp-context 'file'
refused platform 'SNP|platform'
refused no-cpuid 'CPUID'
echo "note: $count images refused"
