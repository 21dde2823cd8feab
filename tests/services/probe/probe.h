/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what the test service can be asked to do: the first word of a request. The second word is an argument. Those
 * that do not end the service reply with a word: 0, or the number of what went wrong.
 */
#ifndef TESTS_SERVICES_PROBE_H
#define TESTS_SERVICES_PROBE_H

#define PROBE_PROTOCOL 0x70000000u  /* started again when it ends, up to 1000000 times */
#define PROBE_ONCE_PROTOCOL 0x70000001u  /* never started again */
#define PROBE_FAILED_PROTOCOL 0x70000002u /* started again with PROBE_MODE=failed: answers PROBE_FAILED to everything */
#define PROBE_MISSING_PROTOCOL 0x70000003u /* its file is not in the archive */
#define PROBE_CLIENT_PROTOCOL 0x70000004u /* may call the first one */
#define PROBE_MONITOR_PROTOCOL 0x70FFFFFFu /* the monitor's own counters */
#define PROBE_RUN_MS 1500u /* its limit of processor time for a request: "run" in tests/services/manifest */
#define PROBE_FAILED 0xFA11EDull

enum probe_op {
	PROBE_ECHO, /* replies the argument; every byte of the page inverted */
	/* These end it. */
	PROBE_READ_NULL,
	PROBE_WRITE_TEXT,
	PROBE_EXECUTE_DATA,
	PROBE_EXECUTE_STACK,
	PROBE_JUMP_KERNEL,
	PROBE_READ_KERNEL,
	PROBE_WRITE_KERNEL,
	PROBE_DIVIDE,
	PROBE_CPUID,
	PROBE_HLT,
	PROBE_PORT,
	PROBE_CLI,
	PROBE_WRMSR,
	PROBE_SYSCALL,
	PROBE_SYSENTER,
	PROBE_INT3,
	PROBE_INT_OTHER,
	PROBE_SEGMENT,
	PROBE_SINGLE_STEP,
	PROBE_FAR_JUMP,
	PROBE_IRET,
	PROBE_NON_CANONICAL,
	PROBE_MXCSR,
	PROBE_STACK_OVERFLOW,
	PROBE_VMMCALL,
	PROBE_PVALIDATE,
	PROBE_RMPADJUST,
	PROBE_AVX,
	PROBE_XSETBV,
	PROBE_RDPMC,
	PROBE_MOV_CR,
	PROBE_WRGSBASE,
	PROBE_INT_80_PREFIX,
	PROBE_EXIT,
	PROBE_LAST_FATAL = PROBE_EXIT,
	/* It never answers: ended by its limit. */
	PROBE_LOOP,
	PROBE_LOOP_SYSCALLS,
	/* It answers wrongly; the caller gets an error or a clean answer. */
	PROBE_REPLY_TOO_LONG,
	PROBE_REPLY_TOO_MANY_PAGES,
	PROBE_REPLY_KERNEL_PAGE,
	PROBE_REPLY_TEXT_PAGE,
	PROBE_REPLY_KERNEL_POINTER,
	PROBE_REPLY_TWICE,
	PROBE_REPLY_NO_PAGE,
	PROBE_NO_REPLY, /* receives again: the caller gets an error */
	/* These reply 0 when all is well. */
	PROBE_FLAGS,
	PROBE_GS,
	PROBE_STACK_POINTER,
	PROBE_UPCALL,
	PROBE_SSE,
	PROBE_MEMORY,
	PROBE_BAD_CALLS,
	PROBE_RANDOM_CALLS,
	PROBE_RANDOM,
	PROBE_CLOCK,
	PROBE_THREADS,
	PROBE_CALL, /* of the other probe, with the argument as operation; for PROBE_CLIENT_PROTOCOL */
	PROBE_SECURE_BOOT, /* replies the policy's mode as its environment has it: POLICY_SECURE_BOOT_*, ~0: none of them */
	PROBE_COUNT,
};

#endif
