/* SPDX-License-Identifier: MIT */
/*
 * platform.h - what a confidential-computing platform does for the monitor, in terms that SEV-SNP, TDX, CCA and a
 * plain machine can all implement. One implementation is linked in (snp/); the host's unit tests link a mock.
 *
 * Return codes say what the hardware said where there is hardware to ask. ERR_HOST is the only one that stems from the
 * host, and callers survive it. Planes are the privilege levels below the monitor: 1..PLATFORM_PLANES. Permissions are
 * labels, not bits: at most 15 may exist, because CCA has no finer grain.
 */
#ifndef KERNEL_PLATFORM_PLATFORM_H
#define KERNEL_PLATFORM_PLATFORM_H

#include "abi/snp.h"
#include "lib/cpuid_table.h"
#include "lib/types.h"

#define PLATFORM_PLANES 3u

struct percpu;

/* ---- start and end ---- */

/*
 * First call, on the boot CPU, before there is any memory to allocate: checks that the platform is what the monitor
 * was built for and that it is at the highest privilege. Does not return otherwise.
 */
void platform_early_init(const struct snp_cpuid_page *cpuid);

/*
 * Opens the channel to the host for this CPU with a page of the monitor's region that no one has used yet (its content
 * is shared with the host from now on). ERR_HOST: the host refuses.
 */
int platform_cpu_init(struct percpu *cpu, pa_t page) __must_check;

/*
 * Starts another CPU of the monitor at entry(cpu) on the given stack, with this CPU's control registers. page is a
 * frame of the region for its register state. ERR_HOST: the host refuses.
 */
int platform_cpu_start(struct percpu *cpu, pa_t page, va_t stack, void (*entry)(struct percpu *)) __must_check;

/* Nothing to do on this CPU until the host brings it back. */
void platform_idle(void);

/* Asks the host to end the VM; set is Cashew's. Usable at any time. */
void platform_terminate(uint8_t code) __noreturn;

/* Text for the console, through the host. */
void platform_console_write(uint16_t port, const char *text, size_t length);

/*
 * This CPU's timer: after microseconds, ring 3 is interrupted with VECTOR_TIMER (x86/traps.h). It is the host's to deliver:
 * a host that does not only harms the availability that it controls anyway. platform_timer_init() is called once on
 * each CPU that uses it; ERR_HOST: there is no timer. Arming again replaces what was armed.
 */
int platform_timer_init(void) __must_check;
void platform_timer_arm(uint32_t microseconds);
void platform_timer_disarm(void);
/* After each timer interrupt. */
void platform_timer_acknowledge(void);

/* Time-stamp counter ticks in a millisecond, as the host's timer runs: not to be trusted, but never 0. */
uint64_t platform_ticks_per_ms(void);

/* ---- memory ---- */

/*
 * Tells the host that pages are to be private (or shared) from now on. The run is page aligned; 2 MiB steps are used
 * where they fit. ERR_HOST: the host did not do all of it.
 */
int platform_host_make_private(gpa_t start, uint64_t size) __must_check;
int platform_host_make_shared(gpa_t start, uint64_t size) __must_check;

/*
 * Accepts (validates) a private page that is mapped at address, or gives it back. The mapping has the size of the page.
 * ERR_UNCHANGED: it was in that state already; ERR_SIZE: the hardware holds it in another size; ERR_FAULT: the host
 * does not provide the memory; ERR_INVALID: the hardware refuses the operand.
 */
int platform_page_accept(va_t address, bool size_2m) __must_check;
int platform_page_release(va_t address, bool size_2m) __must_check;

enum platform_label {
	LABEL_NONE,      /* no plane may touch the page */
	LABEL_GUEST_RWX, /* the guest's plane may do everything */
	LABEL_GUEST_READ, /* the guest's plane may read */
	LABEL_VMSA,      /* save area of a vCPU in the guest's memory; the guest may read it */
	LABEL_OWN_VMSA,  /* save area of a vCPU in the monitor's memory; the guest may not touch it */
};

/*
 * Applies a label to an accepted page mapped at address, for plane and every plane below it (LABEL_NONE), or for
 * plane alone. ERR_SIZE, ERR_FAULT, ERR_INVALID as above; ERR_PERMISSION: the hardware refuses.
 */
int platform_page_label(va_t address, bool size_2m, uint32_t plane, enum platform_label label) __must_check;

/* ---- the security processor ---- */

/* A guest message on its way: all pages are shared with the host, in the monitor's region. */
struct platform_message {
	pa_t request, response;   /* a page each */
	pa_t certificates;        /* first of certificate_pages pages for the host's certificates */
	uint32_t certificate_pages; /* 0: no certificates are asked for */
};

/*
 * Lets the host carry a message to the security processor and its answer back. 0: there is an answer in the response
 * page, genuine or not. ERR_BUSY: not now, or the host cannot; the message was not taken. ERR_OVERFLOW: the certificates need *detail pages;
 * the message was not taken. ERR_HOST: refused; whether the message was taken is unknown, and *detail is what the host
 * said, for the log.
 */
int platform_message_carry(const struct platform_message *message, uint64_t *detail) __must_check;

/* ---- planes ---- */

/*
 * True when platform_planes_flush() works, known after platform_early_init(). Without it the monitor can use one CPU only:
 * what the guest is about to lose, another CPU could go on using by an old translation.
 */
bool platform_flush_is_global(void);

/*
 * Drops the translations of all planes on all CPUs. When it returns, no access by a permission that was taken away before
 * is possible any more, on any CPU. Ends the VM when the host has switched it off meanwhile.
 */
void platform_planes_flush(void);

/* Features that a save area of the guest's plane must name, exactly. */
uint64_t platform_guest_features(void);

/* Tells the host which save area this vCPU's plane starts from. ERR_HOST: refused. */
int platform_plane_register(uint32_t apic_id, uint32_t plane, gpa_t vmsa) __must_check;

/* Makes a save area runnable or not runnable. ERR_FAULT: it could not be accessed. */
int platform_plane_enable(struct vmsa *vmsa, bool flush) __must_check;
int platform_plane_disable(struct vmsa *vmsa) __must_check;

/*
 * Lets the plane of this vCPU run until the host brings the monitor back. Its save area was enabled before, with flush
 * when the plane must drop all its translations first. Returns 0; ERR_HOST when the host did not run it; ERR_STATE when the
 * host says that the planes are to be reset: it runs none of them any more (first CPU only).
 */
int platform_plane_run(uint32_t plane) __must_check;

#endif
