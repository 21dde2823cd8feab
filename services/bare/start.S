/* SPDX-License-Identifier: MIT */
/* Entry of services without a C library: the stack holds argc, argv, the environment and the auxiliary vector. */
	.text
	.globl _start
_start:
	xorl %ebp, %ebp
	movq %rsp, %rdi
	andq $-16, %rsp
	call service_start
	movl $0, %eax /* SYS_EXIT */
	xorl %edi, %edi
	int $0x80
	ud2
	.section .note.GNU-stack, "", @progbits
