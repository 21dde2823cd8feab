#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux resets the machine twice, in two ways, and comes up again under the same monitor, on two processors. The clock's
# battery-backed memory is what tells the starts apart.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
cmos=$(ls /sys/bus/nvmem/devices/cmos_nvram*/nvmem)
count() { dd if="$cmos" bs=1 skip=64 count=2 2>/dev/null; }
case $(count) in S[1-9]) last=$(count | tail -c 1) ;; *) last=0 ;; esac
start=$((last + 1))
printf 'S%d' $start | dd of="$cmos" bs=1 seek=64 conv=notrunc 2>/dev/null
echo "start=$start processors=$(nproc) vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
echo "leftover=$(ls /tmp)"
echo left >/tmp/left
dmesg | grep -E 'Call Trace|BUG:|WARNING:' || echo quiet
case $start in
1) reboot -f; sleep 60 ;;
2) echo b >/proc/sysrq-trigger; sleep 60 ;;
esac
END
cashew_run --cpus 2 --reboot --script "$work/script"
expect_status 0
for start in 1 2 3; do expect "^start=$start processors=2 vmpl=2$"; done
[ "$(grep -c '^leftover=$' "$out")" -eq 3 ] || fail "something of an earlier start is left"
[ "$(grep -c '^quiet$' "$out")" -eq 3 ] || fail "the kernel complains"
expect_not '^start=4'
# Without it a reset ends the run.
echo 'reboot -f; sleep 60' >"$work/script"
cashew_run --script "$work/script"
[ "$status" -ne 0 ] || fail "exit status 0 after a reset that nobody asked to survive"
expect 'the guest reset the machine' "$err"
