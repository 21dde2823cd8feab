/* SPDX-License-Identifier: MIT */
/* Entry points of exceptions 0 to 31, 16 bytes each; they build the struct trap_frame of traps.h. */
	.text
	.altmacro
	.macro vector number
	.balign 16
	.set has_error, \number == 8 || (\number >= 10 && \number <= 14) || \number == 17
	.set has_error, has_error || \number == 21 || \number == 29 || \number == 30
	.if !has_error
	pushq $0
	.endif
	pushq $\number
	jmp common
	.endm

	.balign 16
	.globl trap_vectors
trap_vectors:
	.set n, 0
	.rept 32
	vector %n
	.set n, n + 1
	.endr

common:
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %r11
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rbp
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rbx
	pushq %rax
	movq %rsp, %rdi
	cld
	call trap_handle
	popq %rax
	popq %rbx
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	popq %rbp
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	addq $16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
