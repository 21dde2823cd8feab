/* SPDX-License-Identifier: MIT */
	.text
	.code64

	.macro may_fault label, fixup
	.pushsection .exception_table, "a"
	.balign 8
	.quad \label, \fixup
	.popsection
	.endm

	.globl access_copy
access_copy:
	movq %rdx, %rcx
copy_instruction:
	rep movsb
	xorl %eax, %eax
	ret
	may_fault copy_instruction, access_failed

	.globl access_zero
access_zero:
	movq %rsi, %rcx
	shrq $3, %rcx
	xorl %eax, %eax
zero_instruction:
	rep stosq
	ret
	may_fault zero_instruction, access_failed

	.globl access_exchange_byte
access_exchange_byte:
	movzbl %sil, %eax
exchange_instruction:
	xchgb %al, (%rdi)
	ret
	may_fault exchange_instruction, access_failed

	.globl access_pvalidate
access_pvalidate:
	movq %rdi, %rax
	movq %rsi, %rcx
pvalidate_instruction:
	.byte 0xF2, 0x0F, 0x01, 0xFF
	setc %cl
	movzbl %cl, %ecx
	shll $8, %ecx
	orl %ecx, %eax
	ret
	may_fault pvalidate_instruction, access_failed

	.globl access_rmpadjust
access_rmpadjust:
	movq %rdi, %rax
	movq %rsi, %rcx
rmpadjust_instruction:
	.byte 0xF3, 0x0F, 0x01, 0xFE
	ret
	may_fault rmpadjust_instruction, access_failed

	.globl access_broadcast_flush
access_broadcast_flush:
	movq %rdi, %rax
	xorl %ecx, %ecx
	xorl %edx, %edx
invlpgb_instruction:
	.byte 0x0F, 0x01, 0xFE
tlbsync_instruction:
	.byte 0x0F, 0x01, 0xFF
	xorl %eax, %eax
	ret
	may_fault invlpgb_instruction, access_failed
	may_fault tlbsync_instruction, access_failed

access_failed:
	movl $-6, %eax /* ERR_FAULT */
	ret
	.section .note.GNU-stack, "", @progbits
