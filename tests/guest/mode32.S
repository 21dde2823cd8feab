/* SPDX-License-Identifier: MIT */
/*
 * uint32_t mode32_vc(uint32_t eax): leaves long mode, executes CPUID with paging off in 32-bit protected mode, and comes
 * back. The #VC handler there (a 32-bit interrupt gate) skips the instruction. Returns the error code that it found, or
 * ~0 when it was not called. Interrupts are off. Everything here lies below 4 GiB, at the same virtual address.
 */
	.section .bss
	.balign 16
old_gdt:
	.skip 16
old_idt:
	.skip 16
old_cr3:
	.skip 8
old_stack:
	.skip 8
old_cs:
	.skip 8
old_ss:
	.skip 8
idt32:
	.skip 32 * 8
found:
	.skip 4
	.balign 16
	.skip 512
stack32_top:

	.section .rodata
	.balign 8
gdt32:
	.quad 0
	.quad 0x00AF9B000000FFFF /* 0x08: code, 64-bit */
	.quad 0x00CF93000000FFFF /* 0x10: data */
	.quad 0x00CF9B000000FFFF /* 0x18: code, 32-bit */
gdt32_pointer:
	.word . - gdt32 - 1
	.quad gdt32
idt32_pointer:
	.word 32 * 8 - 1
	.quad idt32

	.text
	.code64
	.globl mode32_vc
mode32_vc:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	sgdt old_gdt
	sidt old_idt
	movq %cr3, %rax
	movq %rax, old_cr3
	movq %rsp, old_stack
	movw %cs, old_cs
	movw %ss, old_ss
	movl $-1, found
	/* Gate 29: offset, selector 0x18, 32-bit interrupt gate. */
	movl $vc32, %eax
	movw %ax, idt32 + 29 * 8
	movw $0x18, idt32 + 29 * 8 + 2
	movw $0x8E00, idt32 + 29 * 8 + 4
	shrl $16, %eax
	movw %ax, idt32 + 29 * 8 + 6
	lgdt gdt32_pointer
	lidt idt32_pointer
	movl %edi, %ebx
	pushq $0x18
	pushq $compatible
	lretq

	.code32
compatible:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack32_top, %esp
	movl %cr0, %eax
	andl $0x7FFFFFFF, %eax
	movl %eax, %cr0
	movl $0xC0000080, %ecx
	rdmsr
	andl $~0x100, %eax
	wrmsr
	movl %ebx, %eax
	xorl %ecx, %ecx
	cpuid
	/* Back: the root's low half now, all of it in long mode. */
	movl $0xC0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl old_cr3, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ljmp $0x08, $long_again

vc32:
	pushl %eax
	movl 4(%esp), %eax
	movl %eax, found
	popl %eax
	addl $4, %esp
	addl $2, (%esp)
	iret

	.code64
long_again:
	movq old_cr3, %rax
	movq %rax, %cr3
	movq old_stack, %rsp
	lgdt old_gdt
	lidt old_idt
	movw old_ss, %ax
	movw %ax, %ss
	movw %ax, %ds
	movw %ax, %es
	movzwq old_cs, %rax
	pushq %rax
	pushq $1f
	lretq
1:	movl found, %eax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.section .note.GNU-stack, "", @progbits
