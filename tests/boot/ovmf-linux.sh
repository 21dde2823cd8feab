#!/bin/sh
# SPDX-License-Identifier: MIT
# OVMF on two processors starts Linux from fw_cfg, with a measured boot: Linux at VMPL2 has both processors, and the event
# log, replayed here, gives the PCRs that the monitor's TPM has.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
dmesg
echo "vmpl=$(cat /sys/devices/system/cpu/sev/vmpl)"
echo "command line: $(cat /proc/cmdline)"
echo "processors: $(nproc), $(taskset 2 sh -c 'cut -d" " -f39 /proc/self/stat')"
ls -d /sys/firmware/efi && cat /sys/firmware/efi/fw_platform_size
head -c 16777216 /dev/urandom >/tmp/data && cp /tmp/data /tmp/copy && cmp /tmp/data /tmp/copy && echo "memory-good"
mount -t securityfs securityfs /sys/kernel/security
echo "log:$(base64 /sys/kernel/security/tpm0/binary_bios_measurements | tr -d '\n')"
tpm2_pcrread sha256:0,1,2,3,4,5,6,7,9
(exit 23)
END
cashew_run --firmware --timeout 600 --tpm --cpus 2 --stats --append 'word=a,b' --script "$work/script"
expect_status 23
expect 'efi: EFI v2\.[0-9]+ by Debian distribution of EDK II'
expect 'SNP running at VMPL2\.'
expect 'Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP'
expect '^vmpl=2$'
expect '^command line: .*initrd=initrd.* word=a,b'
expect '^processors: 2, 1$'
expect '^64$'
expect '^memory-good$'
expect_not 'Kernel panic|Call Trace|BUG:|WARNING:'

# The firmware's processor was made, unmade and made again: twice through OVMF, and by Linux.
creations=$(sed -n 's/^VMPL2 event    AP creation *\([0-9]*\) .*/\1/p' "$err")
[ "${creations:-0}" -ge 3 ] || fail "${creations:-0} requests to create or destroy a processor"
# The kernel alone has 14 million bytes.
ports=$(sed -n 's/^VMPL2 event    port I\/O *\([0-9]*\) .*/\1/p' "$err")
[ "${ports:-999999}" -lt 250000 ] || fail "$ports port accesses: is the kernel read byte by byte?"

sed -n 's/^log://p' "$out" | base64 -d >"$work/log" || fail "the log did not come over"
sed -n 's/^ *\([0-9]*\) *: 0x\([0-9A-F]*\).*/\1 \2/p' "$out" >"$work/pcrs"
tests/boot/replay-event-log "$work/log" >"$work/replayed" 2>"$work/note" ||
	fail "the log is malformed: $(cat "$work/note")"
for pcr in 0 1 2 3 4 5 6 7 9; do
	value=$(grep "^$pcr " "$work/pcrs") || fail "PCR $pcr was not read"
	grep -qxF "$value" "$work/replayed" || fail "PCR $pcr is not what follows from the log"
	expect_not ' 0*$' "$work/replayed"
done
sed -n "s/^event log: \(.*\)/note: \1, $ports port accesses/p" "$work/note"
