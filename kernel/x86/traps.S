/* SPDX-License-Identifier: MIT */
/* The interrupted CS, the vector, and what lies behind struct trap_frame: the address of this CPU's struct percpu. */
#define FRAME_VECTOR 120
#define FRAME_CS 144
#define FRAME_END 176

	.text
	.code64

	/*
	 * Whether there is an error code is not a matter of the vector: a host that injects an event chooses. The processor has
	 * aligned the stack to 16 bytes before its five words, so that the sixth shows.
	 */
	.macro push_vector vector
	testb $8, %spl
	jz 1f
	pushq $0
1:
	pushq $\vector
	.endm

	.macro stub vector
trap_stub_\vector:
	push_vector \vector
	jmp trap_common
	.endm

	.altmacro
	.set i, 0
	.rept 32
	stub %i
	.set i, i + 1
	.endr

	/* The timer that ends a time slice of ring 3. */
	.globl trap_stub_timer
trap_stub_timer:
	push_vector 0x40
	jmp trap_common

	/* All other vectors from 32 on: the host has no business to raise them; one stub for all. */
	.globl trap_stub_other
trap_stub_other:
	push_vector 255

trap_common:
	cld
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	testb $3, FRAME_CS(%rsp)
	jnz from_user
	/* On a stack of its own (IST) the exception may have hit the first instructions of the way in from ring 3. */
	cmpq $2, FRAME_VECTOR(%rsp)
	je with_cpu
	cmpq $8, FRAME_VECTOR(%rsp)
	je with_cpu
	cmpq $29, FRAME_VECTOR(%rsp)
	je with_cpu
	call trap_handle
	jmp trap_return
with_cpu:
	movq FRAME_END(%rsp), %rsi
	call trap_handle_on_own_stack
	jmp trap_return
from_user:
	/* Alignment check, direction and all other flags of ring 3 end here. */
	pushq $2
	popfq
	movq FRAME_END(%rsp), %rsi
	call trap_from_user /* returns after an NMI alone */
	.globl trap_return
trap_return:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	.section .rodata
	.align 8
	.globl trap_stub_table
	.macro stub_address vector
	.quad trap_stub_\vector
	.endm
trap_stub_table:
	.set i, 0
	.rept 32
	stub_address %i
	.set i, i + 1
	.endr
	.section .note.GNU-stack, "", @progbits
