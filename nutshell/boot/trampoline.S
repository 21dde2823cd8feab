/* SPDX-License-Identifier: MIT */
/*
 * Start of the other processors, copied to TRAMPOLINE (0x8000): from real mode straight to long mode with the first
 * processor's page tables. trampoline_root and trampoline_stack are set in the copy.
 */
#define TRAMPOLINE 0x8000
#define COPY(symbol) (TRAMPOLINE + (symbol) - trampoline_start)

	.text
	.globl trampoline_start, trampoline_end, trampoline_root, trampoline_stack
	.code16
trampoline_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl COPY(trampoline_gdt_pointer)
	movl $0x6A0, %eax /* PAE, PGE, OSFXSR, OSXMMEXCPT */
	movl %eax, %cr4
	movl COPY(trampoline_root), %eax
	movl %eax, %cr3
	movl $0xC0000080, %ecx
	rdmsr
	orl $0x901, %eax /* SCE, LME, NXE */
	wrmsr
	movl $0x80010033, %eax /* PG, WP, NE, ET, MP, PE */
	movl %eax, %cr0
	ljmpl $8, $COPY(trampoline_long)
	.code64
trampoline_long:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq COPY(trampoline_stack), %rsp
	movabsq $boot_processor_main, %rax
	xorl %ebp, %ebp
	call *%rax
1:	hlt
	jmp 1b
	.align 8
trampoline_gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF
	.quad 0x00CF93000000FFFF
trampoline_gdt_pointer:
	.word trampoline_gdt_pointer - trampoline_gdt - 1
	.long COPY(trampoline_gdt)
	.align 8
trampoline_root:
	.quad 0
trampoline_stack:
	.quad 0
trampoline_end:
	.section .note.GNU-stack, "", @progbits
