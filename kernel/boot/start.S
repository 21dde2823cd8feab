/* SPDX-License-Identifier: MIT */
/*
 * First instructions of the VM. The launch context is 32-bit protected mode, flat, not paged; every access is private
 * then. The stub takes the C-bit from the CPUID page, sets it in the prepared page tables, turns on long mode and
 * jumps to the monitor's high addresses. It has no stack until then and calls nothing. Where the region lies it learns from
 * CR3, which names the page tables: ebx is its start.
 */
#include "abi/terminate.h"

#define OFFSET(symbol) ((symbol) - 0xFFFFFFFF80000000) /* in the region */
#define CPUID_PAGE 0x2000
#define PAGE_TABLES 0x8000
#define PAGE_TABLE_BYTES (14 * 4096)
#define CPUID_HEADER 16
#define CPUID_ENTRY 48
#define CPUID_EBX 0x1C
#define GHCB_MSR 0xC0010130
#define TERMINATE_VALUE (0x100 | (TERMINATE_SET_MONITOR << 12) | (TERMINATE_NO_C_BIT << 16))

	.section .text.boot, "ax"
	.code32
	.globl boot_entry
boot_entry:
	cli
	cld
	movl %cr3, %ebx
	subl $PAGE_TABLES, %ebx
	/* Look for leaf 8000001F among at most 64 entries. */
	movl CPUID_PAGE(%ebx), %ecx
	cmpl $64, %ecx
	/* guards (host): the CPUID page is one */
	ja terminate
	leal (CPUID_PAGE + CPUID_HEADER)(%ebx), %esi
1:	testl %ecx, %ecx
	/* guards (host): it names the position of the C-bit */
	jz terminate
	cmpl $0x8000001F, (%esi)
	je 2f
	addl $CPUID_ENTRY, %esi
	decl %ecx
	jmp 1b
2:	movl CPUID_EBX(%esi), %ecx
	andl $0x3F, %ecx
	subl $32, %ecx
	/* guards (host): the C-bit is a bit of a physical address above 4 GiB */
	jb terminate
	/* guards (host): the same, at the other end */
	cmpl $20, %ecx /* physical addresses end at bit 51 */
	jae terminate
	/* ebp: high half of the C-bit mask. */
	xorl %ebp, %ebp
	btsl %ecx, %ebp
	leal PAGE_TABLES(%ebx), %edi
	movl $(PAGE_TABLE_BYTES / 8), %ecx
3:	testl $1, (%edi)
	jz 4f
	orl %ebp, 4(%edi)
4:	addl $8, %edi
	decl %ecx
	jnz 3b
	/* Physical address extension, no-execute, long mode, paging with write protection. */
	movl %cr4, %eax
	orl $0x20, %eax
	movl %eax, %cr4
	movl $0xC0000080, %ecx
	rdmsr
	orl $0x900, %eax
	wrmsr
	/* What the processor reads here as an address was linked as an offset. */
	addl %ebx, OFFSET(boot_gdt_base)(%ebx)
	addl %ebx, OFFSET(boot_long_pointer)(%ebx)
	lgdt OFFSET(boot_gdt_pointer)(%ebx)
	movl %cr0, %eax
	orl $0x80010000, %eax
	movl %eax, %cr0
	ljmp *OFFSET(boot_long_pointer)(%ebx)
terminate:
	movl $GHCB_MSR, %ecx
	movl $TERMINATE_VALUE, %eax
	xorl %edx, %edx
	wrmsr
	rep; vmmcall
5:	hlt
	jmp 5b

	.code64
boot_long:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	/* The same tables, now named with the C-bit; then the high addresses. */
	movq %rbp, %rdi
	shlq $32, %rdi
	movq %cr3, %rax
	orq %rdi, %rax
	movq %rax, %cr3
	movabsq $boot_high, %rax
	jmp *%rax
boot_high:
	lgdt boot_gdt_pointer_high
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	call monitor_main
6:	hlt
	jmp 6b

	.align 8
boot_gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF /* 0x08: code, long mode */
	.quad 0x00CF93000000FFFF /* 0x10: data */
boot_gdt_end:
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
boot_gdt_base:
	.long OFFSET(boot_gdt)
boot_long_pointer:
	.long OFFSET(boot_long)
	.word 8
boot_gdt_pointer_high:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt
	.globl boot_stub_end
boot_stub_end:
	.section .note.GNU-stack, "", @progbits
