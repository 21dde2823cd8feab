/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the seam between Nutshell's three parts: cpu/ (what silicon does), psp/ (what the security processor
 * does) and host/ (what a hypervisor does).
 *
 * cpu/ runs vCPUs and calls host_*() when real hardware would exit to the hypervisor. host/ answers with the
 * functions below; it never touches a VMCB. psp/ is called by host/ and changes page states only by rmp_launch_page().
 * Each vCPU has a processor of QEMU's to itself. Nutshell runs with interrupts off and has one lock around everything
 * but guest execution.
 *
 * Addresses: GPA = system physical address for RAM, except for the windows that cpu/memory.h documents. The whole
 * of physical memory is mapped at PHYS_BASE in Nutshell's own page tables.
 */
#ifndef NUTSHELL_MACHINE_H
#define NUTSHELL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/snp.h"
#include "lib/types.h"

#define MACHINE_VCPU_MAX 8u

/* One VMPL of one vCPU, as the host keeps it. */
struct level {
	uint64_t vmsa_gpa;         /* 0: none registered */
	uint64_t ghcb_msr;         /* value of MSR C001_0130 of this level */
	uint64_t ghcb_registered;  /* address registered by MSR protocol 0x012, ~0: none */
	uint64_t sev_features;     /* as given to AP creation */
	bool translations;         /* the level ran here since all translations were dropped: there may be some */
	uint32_t stale_by;         /* vCPUs (a bit each) whose VMPL0 took memory away that they may still reach */
	uint64_t dr7;              /* what the level wrote last by a DR7 event */
};

struct vcpu {
	uint32_t index;
	uint32_t apic_id;
	uint32_t vmpl;      /* level that is loaded */
	bool online;        /* a level is loaded */
	bool idle;          /* the loaded level waits: VMPL0 in HLT for another level, a guest in AP reset hold */
	bool start_request; /* another vCPU asked to load start_vmpl's save area here */
	uint32_t start_vmpl;
	bool reset_request; /* another vCPU asked to unload whatever is below VMPL0 */
	bool stop_request;  /* another vCPU asked to unload the level stop_vmpl */
	uint32_t stop_vmpl;
	struct level level[SNP_VMPL_COUNT];
	struct vcpu_cpu *cpu; /* private to cpu/ */
};

extern struct vcpu machine_vcpu[MACHINE_VCPU_MAX];
extern uint32_t machine_vcpu_count;

/* ---- memory (cpu/memory.c) ---- */

/* Pointer to system physical memory; valid for RAM and MMIO below 512 GiB. */
void *phys_to_virt(uint64_t spa);
/* Bytes of RAM below 4 GiB that the guest sees: Nutshell hides itself above it. */
uint64_t machine_low_ram_end(void);
/* End of all RAM below 4 GiB, Nutshell's own included: from here on there are devices. */
uint64_t machine_low_devices_start(void);
/* End of RAM above 4 GiB, or 4 GiB when there is none. */
uint64_t machine_high_ram_end(void);
/*
 * A page that the image launches or requires gets RAM behind it, if it lies in the last 64 MiB below 4 GiB and is no
 * device: as QEMU's IGVM loader does it. No effect elsewhere.
 */
void machine_back_page(uint64_t gpa);
/*
 * True when [gpa, gpa + size) is guest RAM (or something else that Nutshell backs with RAM: the ROM at
 * 0xC0000-0xFFFFF, what machine_back_page() did).
 */
bool machine_is_ram(uint64_t gpa, uint64_t size);
/* Pointer to the RAM behind a guest page, NULL when it is not RAM. Ignores page states: what a memory bus would see. */
void *machine_ram_page(uint64_t gpa);
/* System physical address behind a shared page: its own, but for what machine_back_page() did. */
uint64_t machine_shared_spa(uint64_t gpa);
/* Zeroed pages from Nutshell's hidden memory, never freed; stops the machine when there are none. */
void *machine_alloc_pages(uint64_t count);

/* ---- reverse map (cpu/rmp.c) ---- */

struct rmp_entry {
	uint8_t assigned;  /* belongs to the guest (private) */
	uint8_t validated;
	uint8_t vmsa;
	uint8_t size_2m;   /* part of a 2 MiB entry */
	uint8_t perms[SNP_VMPL_COUNT]; /* bits 0..3: read, write, execute user, execute supervisor */
};

/* NULL when the address is not RAM. */
const struct rmp_entry *rmp_lookup(uint64_t gpa);
/*
 * RMPUPDATE as a host does it: the page (4 KiB, or 2 MiB when size_2m) becomes private or shared, not validated, no
 * permissions but VMPL0's; its content is lost, as with real encryption. ERR_ADDRESS when it is not RAM, ERR_STATE
 * when a VMSA inside is in use.
 */
int rmp_update(uint64_t gpa, bool size_2m, bool assigned);
/* PSMASH: a 2 MiB entry becomes 512 of 4 KiB with the same state. */
int rmp_psmash(uint64_t gpa);
/* A page that LAUNCH_UPDATE made: assigned, validated, only VMPL0 has permissions. Content stays. */
int rmp_launch_page(uint64_t gpa, bool vmsa);

/* ---- running (cpu/vcpu.c) ---- */

/*
 * Host's VMRUN of another level of the same vCPU: saves the running level into its VMSA (GUEST_EXITCODE = exit_code)
 * and loads the other from its VMSA. ERR_STATE when that VMSA cannot run (no VMSA bit, wrong VMPL, EFER.SVME clear,
 * not validated); the current level then goes on.
 */
int vcpu_switch(struct vcpu *vcpu, uint32_t vmpl, uint64_t exit_code);
/* Loads the save area of the launch into the vCPU of this processor. ERR_STATE: it cannot run. */
int vcpu_start(struct vcpu *vcpu, uint32_t vmpl);
/*
 * Asks another vCPU to load a level's save area, as AP creation does: at once when it has nothing loaded, waits at
 * VMPL0, or runs that level already; else when VMPL0 lets go. ERR_STATE: the save area cannot run.
 */
int vcpu_request_start(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl);
/* Asks another vCPU to unload a level, and waits until it has, unless this one is asked for something itself. */
void vcpu_request_stop(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl);

/*
 * Reset of everything below VMPL0, asked for on this vCPU: no vCPU runs it any more, nothing of it is registered, local
 * APICs are as at the start. The first vCPU goes on at VMPL0, with this answer to the call by which it let go; when it
 * is there already, machine_reset_pending is set for its next one.
 */
void vcpu_reset_guest(struct vcpu *vcpu, uint64_t answer);
extern bool machine_reset_pending;

/*
 * The one lock: around everything but guest execution and waiting. Held by the callers of every host_*() function;
 * they may let it go only through vcpu_request_stop() and vcpu_request_start().
 */
void machine_lock(void);
void machine_unlock(void);
/* Raises an exception in the running level, as the host may ask for with EVENTINJ. */
void vcpu_inject(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error);
/*
 * VMPL0's interrupts. A deadline in time-stamp counter ticks, 0: none; when it has passed, host_timer_expired() is called
 * before VMPL0 runs on. An external interrupt is pending (0: none) until VMPL0 takes it: host_interrupt_taken().
 */
void vcpu_set_timer(struct vcpu *vcpu, uint64_t deadline);
void vcpu_set_interrupt(struct vcpu *vcpu, uint8_t vector);
#define MACHINE_TIMER_COUNTS_PER_MS 1000000ull /* the input clock of a local APIC's timer */
uint64_t machine_ticks_per_ms(void);
/*
 * Address spaces with which VMPL0 was seen in ring 3, in the order in which they appeared: for tests that look into services.
 * The bytes behind an address of one, up to the end of its page; NULL: nothing is mapped there, or there is no such space.
 */
#define MACHINE_USER_SPACES 16u
const uint8_t *machine_user_memory(uint32_t space, uint64_t address);
/* Instruction pointer of the running level, for messages. */
uint64_t vcpu_rip(const struct vcpu *vcpu);
/* True when the running level is in ring 3. */
bool vcpu_is_user(const struct vcpu *vcpu);
/* Runs the vCPU of this processor; does not return. */
void machine_run(struct vcpu *vcpu) __noreturn;

/* ---- what cpu/ asks of host/ ---- */

/* Guest executed VMGEXIT; the GHCB MSR of the running level holds the request, RIP is behind the instruction. */
void host_vmgexit(struct vcpu *vcpu);
/*
 * Nested page fault that hardware gives to the host: RMP violation, wrong C-bit, VMPL permission, or a size mismatch.
 * info_1 as EXITINFO1 (NPF_*), gpa without the C-bit. The host repairs it (PSMASH) or stops the machine.
 */
void host_page_fault(struct vcpu *vcpu, uint64_t info_1, uint64_t gpa);
/* An exit that hardware gives to the host and that nothing above covers: SHUTDOWN, INVALID and the like. */
void host_exit(struct vcpu *vcpu, uint64_t exit_code, uint64_t info_1, uint64_t info_2);
/* See vcpu_set_timer() and vcpu_set_interrupt(). */
void host_timer_expired(struct vcpu *vcpu);
void host_interrupt_taken(struct vcpu *vcpu, uint8_t vector);
/*
 * Accesses of VMPL0 to one shared page, one by one: host_watched_access() is told of each before it is carried out, with the
 * address of its first byte; of several by one instruction of the first, and of a repeated instruction at each turn. When two vCPUs
 * access the page at the same time, one may be missed. ~0: no page.
 */
void machine_watch(uint64_t gpa);
void host_watched_access(struct vcpu *vcpu, uint64_t gpa, bool write);
/* CPUID as the emulated machine's processor answers (policy in psp/cpuid.c); out[] is EAX, EBX, ECX, EDX. */
void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint64_t xcr0, uint64_t xss, uint32_t out[4]);
/* Most additional pages of one INVLPGB; the option that takes the instruction away from guests. */
#define MACHINE_INVLPGB_MAX 7u
extern bool machine_without_invlpgb;
/* Position of the C-bit: 47 when QEMU offers that many address bits, else 39; or as set on the command line. */
uint32_t machine_c_bit(void);

/* ---- log, counters, end (host/log.c) ---- */

/* One line in Nutshell's log (QEMU's debug console), prefixed "nutshell: ". */
void machine_log(const char *format, ...) __printf_like(1, 2);
/* As machine_log, only with the option "trace". */
void machine_trace(const char *format, ...) __printf_like(1, 2);
extern bool machine_trace_enabled;
/* Prints the reason, the statistics if asked for, and ends QEMU: isa-debug-exit with this value (0..127). */
void machine_stop(unsigned status, const char *format, ...) __printf_like(2, 3) __noreturn;
/* Guest asked to be switched off: statistics, then power-off. */
void machine_power_off(void) __noreturn;

#define STOP_POWER_OFF 0u  /* the guest switched the machine off */
#define STOP_LAUNCH 2u     /* bad image, bad machine: nothing was started */
#define STOP_TERMINATED 3u /* a guest level asked for termination */
#define STOP_VIOLATION 4u  /* a memory access that the host cannot repair */
#define STOP_GUEST_DEAD 5u /* shutdown (triple fault), or a VMSA that cannot run */
#define STOP_INTERNAL 6u   /* an error in Nutshell itself, or one of QEMU's that it noticed */

/* Counters (host/stats.c), printed by "stats". Kinds are exit codes as in snp.h. */
void stats_exit(uint32_t vmpl, uint64_t exit_code);
void stats_nae(uint32_t vmpl, uint64_t event);
void stats_msr_protocol(uint32_t vmpl, uint32_t code);
void stats_switch(void);
enum stats_rmp { STATS_RMP_UPDATE, STATS_RMP_PSMASH, STATS_PVALIDATE, STATS_RMPADJUST, STATS_RMPQUERY, STATS_RMP_KINDS };
void stats_rmp(enum stats_rmp kind);
/* A vCPU was at VMPL0 for so many ticks, from one switch of levels to the next. */
void stats_stay(uint64_t ticks);

#endif
