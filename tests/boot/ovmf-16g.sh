#!/bin/sh
# SPDX-License-Identifier: MIT
# 16 GiB of RAM: the monitor's work at the start is no more than for 1 GiB (docs/monitor.md has the counts), and firmware that
# does not ask for the guest's memory map, the OVMF of 2025.02, finds all of it to be RAM. So does the Linux that it starts.
. tests/boot/lib.sh
total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
if [ "$total" -lt 18000000 ]; then
	echo "note: left out: this computer has $((total / 1048576)) GiB of memory"
	exit 0
fi
cat >"$work/script" <<'END'
free -m | awk '$1 == "Mem:" { print "memory=" ($2 > 14900 ? "all" : $2 " MiB") }'
dd if=/dev/urandom of=/tmp/data bs=1M count=64 2>/dev/null
for i in $(seq 8); do cp /tmp/data /tmp/copy.$i; done
md5sum /tmp/data /tmp/copy.* | cut -c1-32 | sort -u | wc -l | sed 's/^/digests=/'
dmesg | grep -E 'Call Trace|BUG:|WARNING:' || echo quiet
END
cashew_run --timeout 600 --firmware 2025.02 --linux --memory 16G --stats --script "$work/script"
expect_status 0
expect '^memory=all$'
expect '^digests=1$'
expect '^quiet$'
exits=$(sed -n 's/^VMPL0 exit  *VMGEXIT  *\([0-9]*\) .*/\1/p' "$err")
[ "${exits:-99999}" -lt 4000 ] || fail "$exits exits of VMPL0"
labels=$(sed -n 's/.*RMPADJUST \([0-9]*\),.*/\1/p' "$err")
[ "${labels:-99999}" -lt 25000 ] || fail "$labels RMPADJUST"
echo "note: $exits exits of VMPL0, $labels RMPADJUST"
