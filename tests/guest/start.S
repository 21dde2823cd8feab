/* SPDX-License-Identifier: MIT */
/* Entry from the monitor: long mode, memory mapped one to one, interrupts off, no stack. */
	.section .text.entry, "ax"
	.globl _start
_start:
	cli
	cld
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	call payload_main
1:	hlt
	jmp 1b

	.section .bss
	.balign 4096
boot_stack:
	.skip 32768
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
