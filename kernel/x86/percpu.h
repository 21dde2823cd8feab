/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - what each of the monitor's CPUs has for itself. GS points at it.
 */
#ifndef KERNEL_X86_PERCPU_H
#define KERNEL_X86_PERCPU_H

#include "lib/types.h"

#define PERCPU_MAX 8u

struct ghcb;
struct vcpu;
struct user_context;

struct percpu {
	struct percpu *self;   /* first: read through GS */
	uint32_t index;
	uint32_t apic_id;
	struct ghcb *ghcb;     /* shared page, registered with the host; NULL before that */
	uint64_t ghcb_gpa;
	pa_t ghcb_page;        /* frame that becomes the GHCB of a CPU that is being started */
	uint64_t *window_4k;   /* page-table page of the 4 KiB windows */
	uint64_t *window_2m;   /* page-directory entry of the 2 MiB window */
	va_t window_va;        /* where the 4 KiB windows start; the 2 MiB window is the 2 MiB before */
	struct vcpu *vcpu;     /* guest vCPU that this CPU serves */
	void *scratch;         /* a private page for the copy of what a call reads */
	uint64_t spurious_nmi; /* NMIs from the host, ignored */
	va_t exception_stack[3]; /* tops, for traps_init_cpu() */
	struct user_context *user; /* what runs in ring 3 on this CPU; NULL: nothing */
	bool timer_ready;      /* the timer was tried on this CPU */
	bool timer_works;
	uint64_t timer_expires; /* time-stamp counter; 0: not armed */
	volatile bool online;  /* set by the CPU itself when it serves its vCPU */
};

#ifdef CASHEW_HOST
/* Stand-in for programs on the host: the test's one CPU. */
struct percpu *percpu_self(void);
#else
static inline struct percpu *percpu_self(void)
{
	struct percpu *self;

	__asm__("movq %%gs:0, %0" : "=r"(self));
	return self;
}
#endif

#endif
