/* SPDX-License-Identifier: MIT */
/*
 * Multiboot entry: 32-bit protected mode, flat. Builds page tables for where the image was loaded, enters long mode,
 * goes on at the high addresses.
 */
#define LOAD_ADDRESS 0x02000000
#define PHYSICAL(symbol) ((symbol) - 0xFFFFFFFF80000000)
#define MAGIC 0x1BADB002
#define FLAGS 0x00010003 /* page-aligned modules, memory information, addresses below */

	.section .text.multiboot, "ax"
	.code32
	.align 8
multiboot_header:
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)
	.long PHYSICAL(multiboot_header), PHYSICAL(image_start), PHYSICAL(image_load_end), PHYSICAL(image_end)
	.long PHYSICAL(boot_entry)

	.globl boot_entry
boot_entry:
	cli
	cld
	movl %eax, PHYSICAL(boot_magic)
	movl %ebx, PHYSICAL(boot_info)
	/* Root: identity (slot 0), all physical memory (slot 256), the image (slot 511). */
	movl $(PHYSICAL(boot_pdpt_physical) + 3), PHYSICAL(boot_pml4)
	movl $(PHYSICAL(boot_pdpt_physical) + 3), PHYSICAL(boot_pml4) + 256 * 8
	movl $(PHYSICAL(boot_pdpt_image) + 3), PHYSICAL(boot_pml4) + 511 * 8
	movl $(PHYSICAL(boot_pd_image) + 3), PHYSICAL(boot_pdpt_image) + 510 * 8
	/* 512 GiB in 1 GiB steps. */
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $30, %eax
	orl $0xE3, %eax
	movl %eax, PHYSICAL(boot_pdpt_physical)(,%ecx,8)
	movl %ecx, %eax
	shrl $2, %eax
	movl %eax, PHYSICAL(boot_pdpt_physical) + 4(,%ecx,8)
	incl %ecx
	cmpl $512, %ecx
	jb 1b
	/* The image's gigabyte: physical 0 to 1 GiB until the C code maps it where it lies. */
	xorl %ecx, %ecx
2:	movl %ecx, %eax
	shll $21, %eax
	orl $0xE3, %eax
	movl %eax, PHYSICAL(boot_pd_image)(,%ecx,8)
	incl %ecx
	cmpl $512, %ecx
	jb 2b
	movl %cr4, %eax
	orl $0x6A0, %eax /* PAE, PGE, OSFXSR, OSXMMEXCPT */
	movl %eax, %cr4
	movl $PHYSICAL(boot_pml4), %eax
	movl %eax, %cr3
	movl $0xC0000080, %ecx
	rdmsr
	orl $0x901, %eax /* SCE, LME, NXE */
	wrmsr
	lgdt PHYSICAL(boot_gdt_pointer)
	movl %cr0, %eax
	orl $0x80010022, %eax /* PG, WP, NE, MP */
	andl $~0xC, %eax
	movl %eax, %cr0
	ljmp $8, $PHYSICAL(boot_long)

	.code64
boot_long:
	movabsq $boot_high, %rax
	jmp *%rax
boot_high:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	lgdt boot_gdt_pointer_high
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	movl boot_magic(%rip), %edi
	movl boot_info(%rip), %esi
	call boot_main
3:	cli
	hlt
	jmp 3b

	.align 8
	.globl boot_gdt
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.long PHYSICAL(boot_gdt)
boot_gdt_pointer_high:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.data
	.align 8
boot_gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF
	.quad 0x00CF93000000FFFF
boot_gdt_end:
boot_magic:
	.long 0
boot_info:
	.long 0

	.bss
	.align 4096
	.globl boot_pml4, boot_pd_image, boot_stack_top
boot_pml4:
	.skip 4096
boot_pdpt_physical:
	.skip 4096
boot_pdpt_image:
	.skip 4096
boot_pd_image:
	.skip 4096
	.skip 65536
boot_stack_top:

	/* Exceptions of Nutshell itself: all fatal. */
	.text
	.macro stub vector, has_error
boot_trap_\vector:
	.if \has_error == 0
	pushq $0
	.endif
	pushq $\vector
	jmp boot_trap_common
	.endm
	.altmacro
	.set i, 0
	.rept 32
	.if i == 8 || i == 10 || i == 11 || i == 12 || i == 13 || i == 14 || i == 17 || i == 21 || i == 29 || i == 30
	stub %i, 1
	.else
	stub %i, 0
	.endif
	.set i, i + 1
	.endr
	/* A kick. One that meets a processor on its way into HLT (cpu_wait) takes it past that. */
	.globl boot_trap_nmi
boot_trap_nmi:
	pushq %rax
	leaq cpu_wait_start(%rip), %rax
	cmpq %rax, 8(%rsp)
	jb 4f
	leaq cpu_wait_end(%rip), %rax
	cmpq %rax, 8(%rsp)
	jae 4f
	movq %rax, 8(%rsp)
4:	popq %rax
	iretq
	/* Interrupts are off; what is taken while a local APIC is emptied is dropped. */
	.globl boot_trap_other
boot_trap_other:
	iretq
boot_trap_common:
	movq (%rsp), %rdi
	movq 8(%rsp), %rsi
	movq 16(%rsp), %rdx
	call boot_trap

	.section .rodata
	.align 8
	.globl boot_trap_table
	.macro stub_address vector
	.quad boot_trap_\vector
	.endm
boot_trap_table:
	.set i, 0
	.rept 32
	stub_address %i
	.set i, i + 1
	.endr
	.section .note.GNU-stack, "", @progbits
