/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - inside the emulated processor: what its parts need of each other. Host and security processor see
 * nutshell/machine.h only.
 *
 * The emulated processor is built on AMD's virtualisation as QEMU's TCG offers it: nested paging, no decode assists.
 * Each level of a vCPU runs in the vCPU's one VMCB; its registers are loaded from and saved to its VMSA page at every
 * switch. Two views of memory are told apart by the C-bit of guest page tables, which appears as an address bit in
 * nested page faults.
 */
#ifndef NUTSHELL_CPU_CPU_H
#define NUTSHELL_CPU_CPU_H

#include "nutshell/machine.h"
#include "nutshell/start.h"

/* ---- VMCB (APM volume 2, appendix B) ---- */
#define VMCB_INTERCEPT_EXCEPTIONS 0x08u
#define VMCB_INTERCEPT_1 0x0Cu
#define VMCB_INTERCEPT_2 0x10u
#define VMCB_IOPM 0x40u
#define VMCB_MSRPM 0x48u
#define VMCB_ASID 0x58u
#define VMCB_V_INTR 0x60u
#define VMCB_INTERRUPT_SHADOW 0x68u
#define VMCB_EXIT_CODE 0x70u
#define VMCB_EXIT_INFO_1 0x78u
#define VMCB_EXIT_INFO_2 0x80u
#define VMCB_EXIT_INT_INFO 0x88u
#define VMCB_NESTED_CONTROL 0x90u
#define VMCB_EVENT_INJ 0xA8u
#define VMCB_NESTED_CR3 0xB0u
#define VMCB_SAVE_AREA 0x400u
#define VMCB_SAVE_COMMON 0x298u /* bytes of the save area that VMCB and VMSA lay out alike */

#define LOCAL_APIC_SAVED_MAX 12u

enum gpr { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R8, GPR_R15 = 15, GPR_COUNT };

/* Of VMPL0, and what it borrows from the guest (timer.c). */
struct timer {
	uint64_t deadline; /* 0: none */
	uint8_t vector;    /* external interrupt that VMPL0 has to take; 0: none */
	bool borrowed;
	uint64_t borrowed_at;
	uint32_t guest_lvt, guest_divide, guest_initial, guest_current;
	uint64_t debt; /* what a periodic timer of the guest has lost */
};

struct vcpu_cpu {
	uint64_t gpr[GPR_COUNT];    /* but RAX and RSP, which are in the VMCB; first: known to run.S */
	volatile uint32_t in_guest; /* set by run.S between CLGI and the exit: a kick is needed; second: known to run.S */
	volatile uint32_t waiting; /* in cpu_wait(): a kick is needed */
	volatile uint32_t kicked;
	uint8_t *vmcb;
	uint64_t vmcb_spa;
	uint64_t host_vmcb_spa;
	uint64_t loaded_vmsa; /* save area that the VMCB holds now */
	bool own_nmi; /* it ends the entry that injects an interrupt */
	uint64_t stay_since; /* time-stamp counter when VMPL0 came after another level; 0: it did not */
	struct timer timer;
	uint64_t last_fault_gpa, last_fault_info, fault_repeats;
	uint32_t local_apic[LOCAL_APIC_SAVED_MAX]; /* registers at the start */
	bool stepping; /* one instruction, for machine_watch() */
	bool flush_posted, flush_all; /* INVLPGB since the last TLBSYNC; one of them named everything */
};

static inline struct vmsa *vmcb_save(const struct vcpu *vcpu)
{
	return (struct vmsa *)(void *)(vcpu->cpu->vmcb + VMCB_SAVE_AREA);
}

static inline volatile uint64_t *vmcb_u64(const struct vcpu *vcpu, uint32_t offset)
{
	return (volatile uint64_t *)(void *)(vcpu->cpu->vmcb + offset);
}

static inline volatile uint32_t *vmcb_u32(const struct vcpu *vcpu, uint32_t offset)
{
	return (volatile uint32_t *)(void *)(vcpu->cpu->vmcb + offset);
}

/*
 * Makes every other processor leave its guest, so that it sees changed nested page tables. They cannot enter again
 * before the caller has let the machine lock go.
 */
void cpu_shoot_down(void);

/* ---- old translations (tlb.c) ---- */
/* VMPL0 of this vCPU took something away that this level had. */
void tlb_taken(struct vcpu *vcpu, uint32_t vmpl);
/* A level is about to run here: its save area asks for a flush (zeros in TLB_ID and PCPU_ID), or not. */
void tlb_enter(struct vcpu *vcpu, uint32_t vmpl, bool flush);
/* VMPL0 of this vCPU makes a save area: nobody may be able to write to it any more. */
void tlb_check_save_area(const struct vcpu *vcpu);
/* INVLPGB and TLBSYNC. False: the operands are wrong. */
bool tlb_broadcast(struct vcpu *vcpu, uint64_t flags, uint64_t count, uint64_t space);
void tlb_sync(struct vcpu *vcpu);

/* VMPL0 is to come back behind its present instruction (vcpu.c). */
void step_begin(struct vcpu *vcpu);

/* run.S: enters the guest until the next exit. */
void cpu_run_guest(uint64_t *gpr, uint64_t vmcb_spa, uint64_t host_vmcb_spa);

/* run.S: halts until *kicked is not 0 and an NMI comes. */
void cpu_wait(const volatile uint32_t *kicked);

/* ---- VMPL0's timer (timer.c) ---- */
/* Measures the time-stamp counter against the local APIC's timer. */
void timer_init(void);
/* Before a level runs, and after. */
void timer_enter(struct vcpu *vcpu);
void timer_leave(struct vcpu *vcpu);

/* ---- guest memory by guest virtual address (walk.c) ---- */
struct walk {
	uint64_t gpa;     /* without the C-bit */
	bool encrypted;   /* C-bit of the leaf (or not paged) */
	bool writable;
	uint64_t size;    /* of the mapping */
};
/* False when it is not mapped. */
bool walk_guest(const struct vcpu *vcpu, uint64_t address, struct walk *walk);
/* VMPL0 left ring 3: machine_user_memory() knows the address space from now on. */
void walk_note_user(const struct vcpu *vcpu);
bool guest_read_virtual(const struct vcpu *vcpu, uint64_t address, void *out, uint64_t size);
bool guest_write_virtual(const struct vcpu *vcpu, uint64_t address, const void *data, uint64_t size);

/* ---- the local APIC of this processor (local_apic.c) ---- */
void cpu_save_local_apic(struct vcpu_cpu *cpu);
/* As it was at the start, nothing in service, nothing pending. */
void cpu_reset_local_apic(const struct vcpu_cpu *cpu);

/* ---- exceptions (inject.c) ---- */
void inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error);
/* #VC with this error code. */
void inject_vc(struct vcpu *vcpu, uint64_t error);
/* Puts an event back that an exit interrupted. */
void inject_interrupted(struct vcpu *vcpu);
/* True when the next entry injects an external interrupt. */
bool inject_is_interrupt(const struct vcpu *vcpu);

/* ---- SNP instructions (instructions.c) ---- */
/* #UD exit: true when it was an SNP instruction and is done (or has raised its own exception). */
bool instruction_emulate(struct vcpu *vcpu);

/* ---- reverse map (rmp.c) ---- */
void rmp_init(void);
struct rmp_entry *rmp_entry(uint64_t gpa);
/* Marks a save area in use by a running vCPU. */
void rmp_set_in_use(uint64_t gpa, bool in_use);
bool rmp_in_use(uint64_t gpa);
/* Changes what PVALIDATE and RMPADJUST change; keeps the nested page tables in step. */
void rmp_set_validated(uint64_t gpa, bool size_2m, bool validated);
void rmp_set_permissions(uint64_t gpa, bool size_2m, uint32_t vmpl, uint8_t perms, bool vmsa);

/* ---- nested page tables (npt.c) ---- */
void npt_init(void);
/* Root for a level; not paged: every access is private. */
uint64_t npt_root(uint32_t vmpl, bool paged);
/* Drops what is mapped for a page or block in all levels and views; other processors notice at their next entry. */
bool npt_drop(uint64_t gpa, bool size_2m);
/* The same at once, as a host does it that changes its nested page tables. */
void npt_drop_at_once(uint64_t gpa, bool size_2m);
/* An access to the watched page is over. */
void npt_forget_watched(void);
/* Answers a nested page fault: maps, raises #VC, or asks the host. */
void npt_fault(struct vcpu *vcpu, uint64_t info_1, uint64_t address);

#endif
