#!/bin/sh
# SPDX-License-Identifier: MIT
# A monitor that reads each of these fields of the host's twice: the attack on each finds that, and the others do not mind. Without
# the faults all of them pass, in the same way.
. tests/boot/lib.sh
. tests/boot/planted.sh

plant kernel/platform/snp/ghcb.c '
	s|^\tif ((uint32_t)status != GHCB_STATUS_OK)|\tstatus = ghcb->sw_exit_info_1;\n&|
	s|^\tif (info_2 != NULL)|\tvalue = ghcb->sw_exit_info_2;\n&|
	s|^\t\tdone = current;|\t\tdone = header->cur_entry;|'
plant lib/guest_message.c '
	s|^\tif (!header_fits(channel, &header))|\theader.msg_seqno = ((const volatile struct snp_msg_header *)page)->msg_seqno;\n&|
	s|^\tcrypt(channel, channel->answer, header.msg_seqno.*|\tchannel->answer[0x80] = ((const volatile uint8_t *)page)[0x80];\n&|'
plant kernel/psp/mailbox.c '
	s|^\tanswer->certificates_size = size;|\tmemcpy(answer->certificates, paging_region_pointer(message.certificates), pages * PAGE_SIZE);\n&|'
build_planted build/gcc-release/monitor.elf

scripts/attack double-fetch >"$out" 2>"$err" || fail "without the faults"
expect '^[1-9][0-9]* passed, 0 failed$'
CASHEW_MONITOR=$variant/monitor.elf scripts/attack double-fetch >"$out" 2>"$err" && fail "the faults pass"
found=0
for file in tests/hostile/*double-fetch*.attack; do
	name=$(basename "$file" .attack)
	expect "^FAILED  $name .*what the host wrote was read twice"
	found=$((found + 1))
done
echo "note: $found double fetches found"
