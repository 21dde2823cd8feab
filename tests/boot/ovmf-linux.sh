#!/bin/sh
# SPDX-License-Identifier: MIT
# OVMF starts Linux from fw_cfg: an EFI system at VMPL2. The kernel comes by DMA, not byte by byte.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
dmesg
echo "vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
echo "command line: $(cat /proc/cmdline)"
ls -d /sys/firmware/efi && cat /sys/firmware/efi/fw_platform_size
head -c 16777216 /dev/urandom >/tmp/data && cp /tmp/data /tmp/copy && cmp /tmp/data /tmp/copy && echo "memory-good"
(exit 23)
END
cashew_run --firmware --stats --append 'word=a,b' --script "$work/script"
expect_status 23
expect 'efi: EFI v2\.[0-9]+ by Debian distribution of EDK II'
expect 'SNP running at VMPL2\.'
expect 'Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP'
expect '^vmpl=2$'
expect '^command line: .*initrd=initrd.* word=a,b'
expect '^64$'
expect '^memory-good$'
expect_not 'Kernel panic|Call Trace|BUG:|WARNING:'
ports=$(sed -n 's/^VMPL2 event    port I\/O *\([0-9]*\) .*/\1/p' "$err")
[ "$ports" -lt 200000 ] || fail "$ports port accesses: is the kernel read byte by byte?"
echo "note: $ports port accesses"
