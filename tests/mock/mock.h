/* SPDX-License-Identifier: MIT */
/*
 * mock.h - a platform for host programs: RAM in an array, a reverse map that follows the manual's rules, and a host
 * that can be told to misbehave. It stands in for kernel/platform/snp, kernel/x86/access.S and kernel/mm/window.c, so
 * that the monitor's logic runs unchanged in unit tests and fuzzers.
 */
#ifndef TESTS_MOCK_MOCK_H
#define TESTS_MOCK_MOCK_H

#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/user.h"

#define MOCK_RAM_BASE 0x00100000ull
#define MOCK_RAM_SIZE 0x01000000ull /* 16 MiB: 1 MiB to 17 MiB */
#define MOCK_PAGES (MOCK_RAM_SIZE / PAGE_SIZE)
#define MOCK_VMPL 2u

struct mock_page {
	bool assigned, validated, vmsa;
	bool size_2m;
	bool taken;   /* by the host, and not validated since: accesses fault */
	bool running; /* a save area that a processor runs: RMPADJUST says FAIL_INUSE */
	uint8_t perms[4];
};

extern struct mock_page mock_rmp[MOCK_PAGES];
extern uint8_t mock_ram[MOCK_RAM_SIZE];
extern uint64_t mock_pvalidate_count; /* PVALIDATE instructions since mock_reset() */
/* When not 0, counted down by every SNP instruction and access; at 1 that one faults as if the host took the page. */
extern uint64_t mock_fault_countdown;

extern uint64_t mock_flushes; /* broadcasts since mock_reset() */
extern bool mock_unflushed;   /* something was taken away since the last one */

/* What the guest does when it is run (the default: the host refuses), and what happens while a CPU waits. */
extern int (*mock_guest)(uint32_t plane);
extern void (*mock_idle)(void);
/* Called with the code of a panic, which must not return from it; the default ends the program. */
extern void (*mock_panic)(uint8_t code);

/* ---- launch.c ---- */

extern uint64_t mock_refuse_private; /* address that the host does not make private; 0: none */
extern bool mock_refuse_area;        /* the host does not take the first vCPU's save area */
extern uint64_t mock_registered;     /* address of the save area that it took last */

/* Gives all frames of the region back. */
void mock_frames_reset(void);

/* Fresh RAM, all of it private, 2 MiB entries where they fit, none validated; one vCPU, APIC ids 0 and 1 known. */
void mock_reset(void);
/* The same, but for the content of RAM, which stays what it is: that takes most of the time. */
void mock_reset_states(void);
#define MOCK_RAM_FILL 0xA5

static inline struct mock_page *mock_page(uint64_t address)
{
	return &mock_rmp[(address - MOCK_RAM_BASE) / PAGE_SIZE];
}

static inline uint8_t *mock_memory(uint64_t address)
{
	return &mock_ram[address - MOCK_RAM_BASE];
}

/*
 * The host takes a page away (its content is then the host's), and gives one back that is private and not validated: the
 * reverse map's entries are small ones from then on. Instructions and accesses to a page that is not there fault.
 */
void mock_host_take(uint64_t address);
void mock_host_give(uint64_t address);

/* Makes a page validated guest memory without a call. */
void mock_give(uint64_t address);

/* Issues one call on the first vCPU and returns RAX; results in *call. */
uint64_t mock_call(uint32_t protocol, uint32_t number, struct vcpu_call *call);

/* ---- services (services.c): a region for the monitor's own frames, and ring 3 as a function ---- */

#define MOCK_FRAMES 1024u

/*
 * What ring 3 does when a thread runs: changes the registers and sets the vector that ended its stay. The default stays
 * until the timer ends it.
 */
typedef void mock_ring3(struct user_context *context, uint64_t root);
extern mock_ring3 *mock_user;
extern uint32_t mock_frames_used;
/* The time-stamp counter: a stay in ring 3 takes a tenth of a millisecond, everything else next to nothing. */
extern uint64_t mock_clock;
/* A page with INT 0x80 at SPACE_START, and a stay in ring 3 that ends by executing it. */
struct process;
int mock_code(struct process *process);
void mock_system_call(struct user_context *context, uint64_t number, uint64_t a, uint64_t b, uint64_t c);
/* When not 0, counted down by each allocation of frames; at 1 that one fails. */
extern uint32_t mock_frame_countdown;

/* Compares the monitor's page states with the reverse map: the first page that differs, or 0 when none does. */
uint64_t mock_compare(void);

#endif
