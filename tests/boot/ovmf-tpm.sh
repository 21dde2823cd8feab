#!/bin/sh
# SPDX-License-Identifier: MIT
# Measured boot: OVMF measures into the monitor's TPM, and Linux gets the log. The PCRs that follow from the log, reckoned
# here, are those that the TPM has.
. tests/boot/lib.sh
cat >"$work/script" <<'END'
mount -t securityfs securityfs /sys/kernel/security
echo "log:$(base64 /sys/kernel/security/tpm0/binary_bios_measurements | tr -d '\n')"
tpm2_pcrread sha256:0,1,2,3,4,5,6,7,9
END
cashew_run --firmware --tpm --timeout 600 --script "$work/script"
expect_status 0
sed -n 's/^log://p' "$out" | base64 -d >"$work/log" || fail "the log did not come over"
sed -n 's/^ *\([0-9]*\) *: 0x\([0-9A-F]*\).*/\1 \2/p' "$out" >"$work/pcrs"
[ "$(wc -l <"$work/pcrs")" -eq 9 ] || fail "not all PCRs were read"
tests/boot/replay-event-log "$work/log" >"$work/replayed" 2>"$err" || fail "the log is malformed"
for pcr in 0 1 2 3 4 5 6 7 9; do
	grep -qxFf "$work/replayed" <<END || fail "PCR $pcr differs from the log"
$(grep "^$pcr " "$work/pcrs")
END
done
expect_not '^[0-9]* 0*$' "$work/pcrs"
# The check can fail: a log with one byte changed does not give the same.
printf '\377' | dd of="$work/log" bs=1 seek=$(($(wc -c <"$work/log") / 2)) conv=notrunc 2>/dev/null
if tests/boot/replay-event-log "$work/log" >"$work/other" 2>/dev/null && cmp -s "$work/other" "$work/replayed"; then
	fail "a changed log gives the same PCRs"
fi
sed -n 's/^event log: /note: /p' "$err"
