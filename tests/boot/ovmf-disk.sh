#!/bin/sh
# SPDX-License-Identifier: MIT
# OVMF finds a boot loader on a disk, which starts Linux, which sees the disk.
. tests/boot/lib.sh
kernel=$(ls "$(scripts/fetch linux-cloud)"/usr/lib/modules/*/vmlinuz) || fail "no kernel"
tools/initramfs/build "$work/initramfs.gz" >"$out" 2>"$err" || fail "no initial RAM file system"
tests/boot/esp "$work/disk.img" "$kernel" "$work/initramfs.gz" "console=ttyS0 panic=-1 no_timer_check word=disk" \
	>"$out" 2>"$err" || fail "no disk"
cat >"$work/script" <<'END'
echo "vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
cat /proc/cmdline
cat /sys/class/block/sda1/size
mkdir -p /mnt && mount -t vfat /dev/sda1 /mnt && ls /mnt
dmesg | grep -E 'efi: EFI v2|Call Trace|BUG:|WARNING:|ata.*(error|fail)'
END
cashew_run --firmware --disk "$work/disk.img" --script "$work/script"
expect '^vmpl=2$'
expect 'word=disk'
expect '^131072$'
expect 'efi: EFI v2'
expect_not 'Call Trace|BUG:|WARNING:|ata.*(error|fail)'
