/* SPDX-License-Identifier: MIT */
	.text
	.code64

#define CONTEXT_FRAME 2048
#define CONTEXT_KERNEL_STACK (CONTEXT_FRAME + 184)

	/* void user_enter(struct user_context *context): returns through user_leave(). */
	.globl user_enter
user_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, CONTEXT_KERNEL_STACK(%rdi)
	leaq CONTEXT_FRAME(%rdi), %rsp
	jmp trap_return

	/* void user_leave(struct user_context *context): user_enter() returns to its caller. */
	.globl user_leave
user_leave:
	movq CONTEXT_KERNEL_STACK(%rdi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.section .note.GNU-stack, "", @progbits
