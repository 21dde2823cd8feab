/* SPDX-License-Identifier: MIT */
/*
 * vcpu.h - the guest's vCPUs: their save areas, calling areas, and the run loop.
 *
 * A vCPU exists for every processor in the checked MADT (one when there is none). The first one's save area lies in the
 * monitor's memory; the guest creates the others in its own with CREATE_VCPU. A registered save area is a page in state
 * VMSA that the guest can at most read; a calling area is a page in state CAA.
 *
 * Invariants: a page is registered at most once, as one of the two; an area that is running or that the caller runs
 * from cannot be deleted. Which of several areas the host runs is the host's choice: a request is taken from the one
 * that made it, and that one is the vCPU's from then on.
 * Locks: a vCPU's own, taken by the CPU that serves it (other CPUs only try, or hold no other); inside it one vCPU's
 * area_lock, which covers its areas and which of them is the present one: whoever creates or deletes one for it takes it
 * for as long as that takes. No lock is common to two vCPUs' calls but those of the pages that both name.
 * Bounds: VCPU_MAX vCPUs, VCPU_AREAS_MAX registered save areas for each.
 */
#ifndef KERNEL_GUEST_VCPU_H
#define KERNEL_GUEST_VCPU_H

#include "abi/snp.h"
#include "kernel/guest/stay.h"
#include "kernel/x86/spinlock.h"
#include "lib/types.h"

#define VCPU_MAX 64u
#define VCPU_AREAS_MAX 4u

struct vcpu_area {
	gpa_t vmsa; /* page of the guest */
	gpa_t caa;
	bool used;
	uint64_t number; /* counts up: the newest has the highest */
};

struct vcpu {
	struct spinlock lock;      /* held while the monitor works for this vCPU; free while its guest runs */
	struct spinlock area_lock; /* area[], and the fields from vmsa to caa */
	uint32_t apic_id;
	struct vmsa *vmsa;  /* save area that it was last entered from, as this CPU maps it; NULL: none yet */
	struct vmsa *own_area; /* the first vCPU's, in the monitor's memory; NULL: it has none */
	gpa_t vmsa_gpa;
	gpa_t caa;          /* calling area in use; undefined when there is no save area */
	volatile uint8_t *caa_pointer; /* the calling area in this CPU's window; NULL: not mapped */
	uint64_t flush_generation; /* as of its last entry */
	uint64_t calls, entries;   /* statistics */
	struct stays stays;        /* of its CPU at VMPL0, since the guest's first instruction */
	struct vcpu_area area[VCPU_AREAS_MAX];
};

/* The registers of a call. */
struct vcpu_call {
	uint64_t rax, rcx, rdx, r8;
};

/* Makes the table. ERR_INVALID: no processors, or too many. */
int vcpu_table_init(const uint32_t *apic_id, uint32_t count) __must_check;

struct vcpu *vcpu_by_index(uint32_t index);
/* NULL when no such processor exists. */
struct vcpu *vcpu_by_apic_id(uint32_t apic_id);
uint32_t vcpu_count(void);

/*
 * CREATE_VCPU: both pages are validated guest memory, page aligned, and differ.
 * ERR_ADDRESS: they are not; ERR_INVALID: no such APIC id, or the area's VMPL, SVME or SEV_FEATURES are wrong;
 * ERR_STATE: too many areas for this vCPU; else an error of the platform's. Nothing has changed in all of these.
 */
int vcpu_create(uint32_t apic_id, gpa_t vmsa, gpa_t caa, uint64_t features) __must_check;

/* DELETE_VCPU. ERR_INVALID: not a registered area; ERR_BUSY: it runs; else the page may be lost to the guest. */
int vcpu_delete(const struct vcpu *caller, gpa_t vmsa) __must_check;

/*
 * Looks for a request among the vCPU's save areas: the present one, then the others from the newest on. When there is
 * one, it is taken (call_pending cleared), its area is the vCPU's, disabled, and *call holds the registers.
 */
bool vcpu_take_request(struct vcpu *vcpu, struct vcpu_call *call) __must_check;

/* REMAP_CA for this vCPU. ERR_INVALID: unaligned; ERR_ADDRESS: not validated guest memory, or in use. */
int vcpu_remap_caa(struct vcpu *vcpu, gpa_t caa) __must_check;

/* For a reset: keeps all vCPUs out of the monitor, the caller's included. No lock is held before. */
void vcpu_lock_all(void);
void vcpu_unlock_all(void);

/*
 * Takes every save area out of use and forgets it; calling areas are ordinary memory again. Statistics stay. With all
 * vCPUs locked. ERR_BUSY: the host runs one of them; what was stopped before stays so.
 */
int vcpu_stop_all(void) __must_check;

/* Implemented by the protocol room: handles one call; results in the same registers. */
void protocol_call(struct vcpu *vcpu, struct vcpu_call *call);

/* Runs the guest on this vCPU and serves its calls, for ever. */
void vcpu_run(struct vcpu *vcpu) __noreturn;

#endif
