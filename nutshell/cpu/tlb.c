/* SPDX-License-Identifier: MIT */
/*
 * Old translations. On silicon a processor caches what the reverse map permitted, and goes on using it after RMPADJUST
 * and PVALIDATE have taken it away: VMPL0 has to have it dropped, on all processors, by INVLPGB and TLBSYNC or, for its own
 * vCPU, by zeros in TLB_ID and PCPU_ID at the next entry of the level. Here a processor really goes on until it leaves its
 * guest, and what VMPL0 owes is written down: a monitor that goes back to the guest, or makes a save area, while another
 * vCPU may still reach what it took away is stopped. Real machines would let it.
 */
#include "nutshell/cpu/cpu.h"

#define COUNT_MASK 0xFFFFu
#define COUNT_RESERVED 0x7FFF0000u
#define ASID_MASK 0xFFFFu
#define PCID_MASK 0x0FFF0000u

void tlb_taken(struct vcpu *vcpu, uint32_t vmpl)
{
	for (uint32_t i = 0; i < machine_vcpu_count; i++) {
		if (machine_vcpu[i].level[vmpl].translations)
			machine_vcpu[i].level[vmpl].stale_by |= 1u << vcpu->index;
	}
}

/* A vCPU that may reach what VMPL0 of this one took away; NULL: none. */
static const struct vcpu *find_stale(const struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < machine_vcpu_count; i++) {
		for (uint32_t level = 1; level < SNP_VMPL_COUNT; level++) {
			if ((machine_vcpu[i].level[level].stale_by >> vcpu->index & 1u) != 0)
				return &machine_vcpu[i];
		}
	}
	return NULL;
}

void tlb_enter(struct vcpu *vcpu, uint32_t vmpl, bool flush)
{
	const struct vcpu *stale;

	if (vmpl == 0)
		return;
	if (flush)
		vcpu->level[vmpl].stale_by = 0;
	vcpu->level[vmpl].translations = true;
	stale = find_stale(vcpu);
	if (stale != NULL)
		machine_stop(STOP_VIOLATION, "VMPL%u of vCPU %u is run while vCPU %u has translations from before its VMPL0 "
			     "took memory away", vmpl, vcpu->index, stale->index);
}

/* Its own vCPU is at VMPL0, so that no other level of it can write. */
void tlb_check_save_area(const struct vcpu *vcpu)
{
	const struct vcpu *stale = find_stale(vcpu);

	if (stale != NULL && stale != vcpu)
		machine_stop(STOP_VIOLATION, "VMPL0 of vCPU %u makes a save area while vCPU %u has translations from before "
			     "it took memory away", vcpu->index, stale->index);
}

bool tlb_broadcast(struct vcpu *vcpu, uint64_t flags, uint64_t count, uint64_t space)
{
	if ((count & COUNT_MASK) > MACHINE_INVLPGB_MAX || (count & COUNT_RESERVED) != 0 || (space & ASID_MASK) != 0 ||
	    (space & ~(uint64_t)(ASID_MASK | PCID_MASK)) != 0)
		return false;
	vcpu->cpu->flush_posted = true;
	if ((flags & (INVLPGB_ADDRESS | INVLPGB_PCID)) == 0 && (flags & INVLPGB_GLOBAL) != 0)
		vcpu->cpu->flush_all = true;
	return true;
}

/* What was posted may take its time until here; then it is done. One processor that leaves its guest drops everything. */
void tlb_sync(struct vcpu *vcpu)
{
	if (vcpu->cpu->flush_posted)
		cpu_shoot_down();
	for (uint32_t i = 0; i < machine_vcpu_count && vcpu->cpu->flush_all; i++) {
		for (uint32_t level = 1; level < SNP_VMPL_COUNT; level++) {
			machine_vcpu[i].level[level].stale_by = 0;
			machine_vcpu[i].level[level].translations = i != vcpu->index && machine_vcpu[i].online &&
								    machine_vcpu[i].vmpl == level;
		}
	}
	vcpu->cpu->flush_posted = vcpu->cpu->flush_all = false;
}
