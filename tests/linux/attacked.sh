# SPDX-License-Identifier: MIT
# What Linux does while the host attacks (tests/hostile/linux), in its own shell. Each step is marked; what fails is named. A
# page that is gone is no failure: Linux says so, and goes on.
mark=/root/mark
good=1
try() { # WHAT COMMAND...
	what=$1
	shift
	"$@" >/tmp/log 2>&1 && { echo "linux: $what"; return; }
	echo "linux: $what failed"
	tail -n 3 /tmp/log
	good=
}
report() { # a report of the monitor's about its TPM, by Linux's own interface
	mkdir /sys/kernel/config/tsm/report/$1 || return 1
	cd /sys/kernel/config/tsm/report/$1 || return 1
	echo svsm >service_provider
	head -c 64 /dev/urandom >inblob
	cat outblob >/tmp/$1 && [ "$(wc -c </tmp/$1)" -ge 1184 ]
}
$mark 1
try random tpm2_getrandom --hex 16
$mark 10 page
$mark 11 page
$mark 12 page
try extend tpm2_pcrextend 16:sha256=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
$mark 20
try key tpm2_createprimary -C o -G ecc -c /tmp/parent
try sealing sh -c 'echo secret | tpm2_create -C /tmp/parent -i - -u /tmp/pub -r /tmp/priv -c /tmp/sealed'
try unsealing sh -c '[ "$(tpm2_unseal -c /tmp/sealed)" = secret ]'
$mark 30
report one && echo "linux: report" || echo "linux: no report"
$mark 40
# The page of a system call that nothing else needs, and the call. The kernel lies where it was linked to (nokaslr).
page=$(sed -n 's/^ffffffff\([0-9a-f]*\) . __x64_sys_sysinfo$/\1/p' /proc/kallsyms)
$mark 45 0x$(printf %x $((0x$page - 0x80000000)))
free >/dev/null
try last tpm2_getrandom --hex 16
for cpu in /sys/devices/system/cpu/cpu[1-9]; do
	[ "$(cat $cpu/online 2>/dev/null)" = 1 ] || continue
	try offline sh -c "echo 0 >$cpu/online"
	$mark 50
	try online sh -c "echo 1 >$cpu/online"
done
dmesg | grep -E 'Call Trace|BUG:|soft lockup|rcu.*stall' && good=
$mark 99
[ -n "$good" ] && echo "linux: all good"
