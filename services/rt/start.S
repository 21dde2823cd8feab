/* SPDX-License-Identifier: MIT */
/* Entry of services with a C library, its system calls, and ours. */
#define SYS_SET_UPCALL 8
#define RED_ZONE 128

	.text
	.globl _start
_start:
	xorl %ebp, %ebp
	movq %rsp, %rbx
	movl $SYS_SET_UPCALL, %eax
	movl $rt_upcall, %edi
	int $0x80
	movq %rbx, %rdi
	andq $-16, %rsp
	call rt_start
	ud2

	/*
	 * Where a SYSCALL instruction continues: RCX is the address behind it, RAX the number. As with Linux all registers
	 * but RAX, RCX and R11 are kept, and the 128 bytes below the stack pointer.
	 */
rt_upcall:
	leaq -RED_ZONE(%rsp), %rsp
	pushq %rcx
	pushq %rbp
	movq %rsp, %rbp
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %r10
	pushq %r8
	pushq %r9
	/* The array of arguments. */
	andq $-16, %rsp
	pushq %r9
	pushq %r8
	pushq %r10
	pushq %rdx
	pushq %rsi
	pushq %rdi
	movq %rax, %rdi
	movq %rsp, %rsi
	call rt_linux_call
	movq -8(%rbp), %rdi
	movq -16(%rbp), %rsi
	movq -24(%rbp), %rdx
	movq -32(%rbp), %r10
	movq -40(%rbp), %r8
	movq -48(%rbp), %r9
	movq %rbp, %rsp
	popq %rbp
	popq %rcx
	leaq RED_ZONE(%rsp), %rsp
	jmpq *%rcx

	/* int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c) */
	.globl rt_call
rt_call:
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	int $0x80
	ret
	.section .note.GNU-stack, "", @progbits
