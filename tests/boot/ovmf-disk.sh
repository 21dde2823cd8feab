#!/bin/sh
# SPDX-License-Identifier: MIT
# OVMF finds a boot loader on a disk, which starts Linux, which reads the disk, too.
. tests/boot/lib.sh
kernel=$(ls "$(scripts/fetch linux-cloud)"/usr/lib/modules/*/vmlinuz) || fail "no kernel"
tools/initramfs/build "$work/initramfs.gz" >"$out" 2>"$err" || fail "no initial RAM file system"
tests/boot/esp "$work/disk.img" "$kernel" "$work/initramfs.gz" "console=ttyS0 panic=-1 no_timer_check word=disk" \
	>"$out" 2>"$err" || fail "no disk"
cat >"$work/script" <<'END'
echo "vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
cat /proc/cmdline
cat /sys/class/block/nvme0n1p1/size
head -c 8388608 /dev/nvme0n1p1 | sha256sum
dmesg | grep -E 'efi: EFI v2|Call Trace|BUG:|WARNING:|nvme.*(error|fail|timeout)'
END
cashew_run --firmware --timeout 600 --disk "$work/disk.img" --disk-bus nvme --script "$work/script"
expect '^vmpl=2$'
expect '^initrd=.initrd .*word=disk$'
expect '^131072$'
expect "^$(dd if="$work/disk.img" bs=1M skip=1 count=8 2>/dev/null | sha256sum | cut -d' ' -f1)"
expect 'efi: EFI v2'
expect_not 'Call Trace|BUG:|WARNING:|nvme.*(error|fail|timeout)'
