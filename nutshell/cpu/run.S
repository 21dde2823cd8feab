/* SPDX-License-Identifier: MIT */
/*
 * void cpu_run_guest(uint64_t *gpr, uint64_t vmcb_spa, uint64_t host_vmcb_spa)
 * gpr: RAX RCX RDX RBX RSP RBP RSI RDI R8..R15; RAX and RSP are in the VMCB. Behind them lies in_guest: a kick (NMI)
 * that arrives after it is set waits for VMRUN, because GIF is clear.
 */
	.text
	.code64
	.globl cpu_run_guest
cpu_run_guest:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdx
	pushq %rsi
	pushq %rdi
	clgi
	movl $1, 128(%rdi)
	mfence
	movq %rsi, %rax
	vmload %rax
	movq 8(%rdi), %rcx
	movq 16(%rdi), %rdx
	movq 24(%rdi), %rbx
	movq 40(%rdi), %rbp
	movq 48(%rdi), %rsi
	movq 64(%rdi), %r8
	movq 72(%rdi), %r9
	movq 80(%rdi), %r10
	movq 88(%rdi), %r11
	movq 96(%rdi), %r12
	movq 104(%rdi), %r13
	movq 112(%rdi), %r14
	movq 120(%rdi), %r15
	movq 56(%rdi), %rdi
	vmrun %rax
	.globl cpu_run_resume
cpu_run_resume:
	pushq %rdi
	movq 8(%rsp), %rdi
	movl $0, 128(%rdi)
	movq %rcx, 8(%rdi)
	movq %rdx, 16(%rdi)
	movq %rbx, 24(%rdi)
	movq %rbp, 40(%rdi)
	movq %rsi, 48(%rdi)
	movq %r8, 64(%rdi)
	movq %r9, 72(%rdi)
	movq %r10, 80(%rdi)
	movq %r11, 88(%rdi)
	movq %r12, 96(%rdi)
	movq %r13, 104(%rdi)
	movq %r14, 112(%rdi)
	movq %r15, 120(%rdi)
	popq %rsi
	movq %rsi, 56(%rdi)
	movq 8(%rsp), %rax
	vmsave %rax
	movq 16(%rsp), %rax
	vmload %rax
	cli
	stgi
	cld
	addq $24, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/*
 * void cpu_wait(const volatile uint32_t *kicked): halts until a kick. *kicked is set before the NMI is sent; an NMI between
 * the look at it and HLT goes on at the end (boot_trap_nmi).
 */
	.globl cpu_wait, cpu_wait_start, cpu_wait_end
cpu_wait:
cpu_wait_start:
	cmpl $0, (%rdi)
	jne cpu_wait_end
	hlt
cpu_wait_end:
	ret
	.section .note.GNU-stack, "", @progbits
