/* SPDX-License-Identifier: MIT */
/* Instructions that ring 3 must not get away with, and state of the processor that must not leave it. */
	.text

	/* void probe_crash(uint64_t op): the order is that of probe.h, from PROBE_READ_NULL on. */
	.globl probe_crash
probe_crash:
	movq crash_table-8(, %rdi, 8), %rax
	movabsq $0xFFFFFFFF80016000, %rbx
	xorl %ecx, %ecx
	xorl %edx, %edx
	jmp *%rax
read_null:
	movl 0, %eax
write_text:
	movl $0, write_text
execute_data:
	jmp data_code
execute_stack:
	movl $0xC3C3C3C3, -64(%rsp)
	leaq -64(%rsp), %rax
	jmp *%rax
jump_kernel:
	jmp *%rbx
read_kernel:
	movl (%rbx), %eax
write_kernel:
	movl $0, (%rbx)
divide:
	xorl %eax, %eax
	divl %eax
run_cpuid:
	cpuid
run_hlt:
	hlt
port:
	movl $0x3F8, %edx
	outb %al, %dx
run_cli:
	cli
run_wrmsr:
	movl $0xC0000101, %ecx
	wrmsr
run_syscall:
	syscall
run_sysenter:
	sysenter
run_int3:
	int3
int_other:
	int $0x40
segment:
	movl $0x10, %eax
	movl %eax, %ss
single_step:
	pushfq
	orq $0x100, (%rsp)
	popfq
	nop
	nop
far_jump:
	ljmp *far_pointer
run_iret:
	pushq $0x10
	pushq %rsp
	pushq $0x3002
	pushq $0x08
	pushq %rbx
	iretq
non_canonical:
	movabsq $0x8000000000000000, %rax
	jmp *%rax
mxcsr:
	pushq $0
	ldmxcsr (%rsp) /* all exceptions unmasked */
	xorps %xmm0, %xmm0
	divss %xmm0, %xmm0
	ud2 /* where QEMU is the processor there is no such exception */
vmmcall:
	rep; vmmcall
pvalidate:
	movabsq $0x400000, %rax
	xorl %ecx, %ecx
	movl $1, %edx
	.byte 0xF2, 0x0F, 0x01, 0xFF
	ud2
rmpadjust:
	movabsq $0x400000, %rax
	xorl %ecx, %ecx
	movl $0x0F02, %edx
	.byte 0xF3, 0x0F, 0x01, 0xFE
	ud2
	/* Only what really faults ends here; what does not answers with a word, and the test fails. */
avx:
	vxorps %ymm0, %ymm0, %ymm0
	jmp survived
run_xsetbv:
	xorl %ecx, %ecx
	movl $7, %eax
	xorl %edx, %edx
	xsetbv
	jmp survived
run_rdpmc:
	rdpmc
	jmp survived
mov_cr:
	movq %cr3, %rax
	jmp survived
run_wrgsbase:
	wrgsbase %rax
	jmp survived
int_80_prefix:
	movl $4, %eax /* SYS_YIELD */
	.byte 0x66, 0xCD, 0x80
survived:
	ret

	.section .rodata
	.balign 8
crash_table:
	.quad read_null, write_text, execute_data, execute_stack, jump_kernel, read_kernel, write_kernel, divide, run_cpuid
	.quad run_hlt, port, run_cli, run_wrmsr, run_syscall, run_sysenter, run_int3, int_other, segment, single_step
	.quad far_jump, run_iret, non_canonical, mxcsr, 0, vmmcall, pvalidate
	.quad rmpadjust, avx, run_xsetbv, run_rdpmc, mov_cr, run_wrgsbase, int_80_prefix
	.data
data_code:
	ret
far_pointer:
	.long 0
	.word 0x08

	.text
	/* Flags that the monitor must not run with; INT 0x80 with each. */
	.globl probe_flags
probe_flags:
	pushfq
	orq $0x44400, (%rsp) /* AC, NT, DF */
	popfq
	movl $4, %eax /* SYS_YIELD */
	int $0x80
	pushfq
	popq %rdx
	cld
	pushq $0x202
	popfq
	andl $0x44400, %edx
	cmpl $0x44400, %edx
	setne %dl
	orb %dl, %al
	movzbl %al, %eax
	ret

	/* A selector in GS changes its base. */
	.globl probe_gs
probe_gs:
	movl $0x2B, %eax
	movl %eax, %gs
	movl $4, %eax
	int $0x80
	movl %eax, %ecx
	xorl %eax, %eax
	movl %eax, %gs
	movl $4, %eax
	int $0x80
	orl %ecx, %eax
	ret

	/* The monitor does not use this stack. */
	.globl probe_stack_pointer
probe_stack_pointer:
	movq %rsp, %r11
	movabsq $0xFFFFFFFF80016000, %rsp
	movl $4, %eax
	int $0x80
	movabsq $0x8000000000000000, %rsp
	movl $4, %eax
	int $0x80
	xorl %esp, %esp
	movl $4, %eax
	int $0x80
	movq %r11, %rsp
	ret

	/* SYSCALL goes where the process said, with RCX behind it and all else as it was. */
	.globl probe_upcall
probe_upcall:
	pushq %rbx
	movl $8, %eax /* SYS_SET_UPCALL */
	leaq upcall(%rip), %rdi
	int $0x80
	movl $0x1234, %eax
	movl $0x5678, %ebx
	xorl %r11d, %r11d
	syscall
behind_syscall:
	movq %rax, %rdx
	movl $8, %eax
	xorl %edi, %edi
	int $0x80
	movq %rdx, %rax
	popq %rbx
	ret
upcall:
	cmpl $0x1234, %eax
	jne 1f
	cmpl $0x5678, %ebx
	jne 1f
	leaq behind_syscall(%rip), %rdx
	cmpq %rdx, %rcx
	jne 1f
	xorl %eax, %eax
	jmp *%rcx
1:	movl $1, %eax
	jmp *%rcx

	/* Vector registers survive system calls and time slices: rdi rounds of work. */
	.globl probe_sse
probe_sse:
	movq %rdi, %rcx
	movq $0x1111, %rax
	movq %rax, %xmm0
	movq $0x2222, %rax
	movq %rax, %xmm15
	fld1
1:	movl $100000, %edx
2:	decl %edx
	jnz 2b
	pushq %rcx
	movl $4, %eax
	int $0x80
	popq %rcx
	movq %xmm0, %rax
	cmpq $0x1111, %rax
	jne 3f
	movq %xmm15, %rax
	cmpq $0x2222, %rax
	jne 3f
	loop 1b
	fistpq -16(%rsp)
	cmpq $1, -16(%rsp)
	jne 4f
	xorl %eax, %eax
	ret
3:	fstp %st(0)
4:	movl $1, %eax
	ret

	.globl probe_thread
probe_thread:
	movl $4, %eax /* SYS_YIELD */
	int $0x80
	cmpl $0, probe_threads_go
	je probe_thread
	lock addq %rdi, probe_thread_runs
	movl $10, %eax /* SYS_THREAD_EXIT */
	int $0x80
	ud2
	.section .note.GNU-stack, "", @progbits
