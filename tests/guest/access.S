/* SPDX-License-Identifier: MIT */
/*
 * Instructions that may fault. The table of fixups holds the address of each such instruction (or the return address of
 * a call into the unknown) and where to go on; the trap handler puts the vector into RAX.
 */
	.macro fixup at
	.pushsection .fixups, "a"
	.quad \at, access_failed
	.popsection
	.endm

	.text
/* RAX is the vector: ACCESS_FAULT | vector. */
access_failed:
	orl $0x1000, %eax
	ret

/* uint64_t access_read(const void *address, uint8_t *value) */
	.globl access_read
access_read:
1:	movzbl (%rdi), %eax
	fixup 1b
	movb %al, (%rsi)
	xorl %eax, %eax
	ret

/* uint64_t access_write(void *address, uint8_t value) */
	.globl access_write
access_write:
1:	movb %sil, (%rdi)
	fixup 1b
	xorl %eax, %eax
	ret

/* uint64_t access_execute(const void *address): calls it; the code there must end with RET */
	.globl access_execute
access_execute:
	movq $access_landing, %rax
	movq %rax, %rcx
	call *%rdi
1:	xorl %eax, %eax
	ret
	fixup 1b

/* uint64_t access_pvalidate(const void *address, uint64_t size, uint64_t validate): EAX, or ACCESS_CARRY on CF = 1 */
	.globl access_pvalidate
access_pvalidate:
	movq %rdi, %rax
	movq %rsi, %rcx
1:	.byte 0xF2, 0x0F, 0x01, 0xFF
	fixup 1b
	movl %eax, %eax
	jnc 2f
	orl $0x2000, %eax
2:	ret

/* uint64_t access_rmpadjust(const void *address, uint64_t size, uint64_t attributes): EAX */
	.globl access_rmpadjust
access_rmpadjust:
	movq %rdi, %rax
	movq %rsi, %rcx
1:	.byte 0xF3, 0x0F, 0x01, 0xFE
	fixup 1b
	movl %eax, %eax
	ret

/* uint64_t access_read_msr(uint32_t index, uint64_t *value) */
	.globl access_read_msr
access_read_msr:
	movl %edi, %ecx
1:	rdmsr
	fixup 1b
	shlq $32, %rdx
	movl %eax, %eax
	orq %rdx, %rax
	movq %rax, (%rsi)
	xorl %eax, %eax
	ret

/* uint64_t access_write_msr(uint32_t index, uint64_t value) */
	.globl access_write_msr
access_write_msr:
	movl %edi, %ecx
	movq %rsi, %rdx
	movl %esi, %eax
	shrq $32, %rdx
1:	wrmsr
	fixup 1b
	xorl %eax, %eax
	ret

/*
 * void vmgexit(struct registers *registers, uint64_t msr)
 * Puts msr into the GHCB MSR, loads every register but RSP, exits to the host, stores what came back.
 */
	.globl vmgexit
vmgexit:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	movq %rsi, %rax
	movq %rsi, %rdx
	shrq $32, %rdx
	movl $0xC0010130, %ecx
	wrmsr
	pushq 0x78(%rdi)
	popfq
	movq 0x00(%rdi), %rax
	movq 0x08(%rdi), %rbx
	movq 0x10(%rdi), %rcx
	movq 0x18(%rdi), %rdx
	movq 0x20(%rdi), %rsi
	movq 0x30(%rdi), %rbp
	movq 0x38(%rdi), %r8
	movq 0x40(%rdi), %r9
	movq 0x48(%rdi), %r10
	movq 0x50(%rdi), %r11
	movq 0x58(%rdi), %r12
	movq 0x60(%rdi), %r13
	movq 0x68(%rdi), %r14
	movq 0x70(%rdi), %r15
	movq 0x28(%rdi), %rdi
	.byte 0xF3, 0x0F, 0x01, 0xD9
	pushfq
	pushq %rdi
	movq 16(%rsp), %rdi
	movq %rax, 0x00(%rdi)
	movq %rbx, 0x08(%rdi)
	movq %rcx, 0x10(%rdi)
	movq %rdx, 0x18(%rdi)
	movq %rsi, 0x20(%rdi)
	popq 0x28(%rdi)
	movq %rbp, 0x30(%rdi)
	movq %r8, 0x38(%rdi)
	movq %r9, 0x40(%rdi)
	movq %r10, 0x48(%rdi)
	movq %r11, 0x50(%rdi)
	movq %r12, 0x58(%rdi)
	movq %r13, 0x60(%rdi)
	movq %r14, 0x68(%rdi)
	movq %r15, 0x70(%rdi)
	popq 0x78(%rdi)
	pushq $2
	popfq
	popq %rdi
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* void vector_state_set(const uint8_t xmm[256]), void vector_state_get(uint8_t xmm[256]) */
	.macro each_xmm operation
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\operation \n
	.endr
	.endm
	.macro load_xmm n
	movdqu 16 * \n(%rdi), %xmm\n
	.endm
	.macro store_xmm n
	movdqu %xmm\n, 16 * \n(%rdi)
	.endm
	.globl vector_state_set
vector_state_set:
	each_xmm load_xmm
	ret
	.globl vector_state_get
vector_state_get:
	each_xmm store_xmm
	ret

	.bss
	.balign 64
/* Zero bytes are "add %al, (%rax)": executing empty memory writes here, harmlessly. */
access_landing:
	.skip 64

	.section .note.GNU-stack, "", @progbits
