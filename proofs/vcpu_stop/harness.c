/* SPDX-License-Identifier: MIT */
/* Stopping the guest's vCPUs for a reset: which pages are whose afterwards. Starts as proofs/vcpu does. */
#include "proofs/prover.h"
#include "proofs/witness.h"

#include "kernel/guest/vcpu.h"
#undef VCPU_AREAS_MAX
#undef VCPU_MAX
#define VCPU_AREAS_MAX 2u
#define VCPU_MAX 2u

uint32_t guest_plane;
static bool flush_requested;

void guest_flush_request(void)
{
	flush_requested = true;
}

void guest_flush(void) {}

#include "kernel/guest/vcpu.c"

int platform_plane_disable(struct vmsa *vmsa)
{
	PROVE((uint8_t *)vmsa == window_memory && window_open, "what is mapped is disabled");
	return any_bool() ? 0 : ERR_FAULT;
}

/* What proofs/vcpu_request shows: stopped, or an error of the platform's. */
int stub_stop_own_area(struct vcpu *vcpu)
{
	PROVE(vcpu->own_area != NULL, "there is one");
	return any_bool() ? 0 : any_bool() ? ERR_BUSY : ERR_FAULT;
}

static struct vcpu *vcpu = &table[0];
static uint8_t before;

void prove_stop_vcpu(void)
{
	any_witness();
	guest_plane = 1u + any_u8() % PLATFORM_PLANES;
	vcpu->vmsa = any_bool() ? (struct vmsa *)(void *)window_memory : NULL;
	vcpu->own_area = any_bool() ? (struct vmsa *)(void *)window_memory : NULL;
	vcpu->caa_pointer = any_bool() ? window_memory : NULL;
	vcpu->vmsa_gpa = gpa((uint64_t)any_u8() * PAGE_SIZE);
	vcpu->caa = gpa((uint64_t)any_u8() * PAGE_SIZE);
	ASSUME(IMPLIES(vcpu->vmsa != NULL && vcpu->caa.v == witness, witness_state == PAGE_CAA));
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		struct vcpu_area *area = &vcpu->area[i];

		*area = (struct vcpu_area){ gpa((uint64_t)any_u8() * PAGE_SIZE), gpa((uint64_t)any_u8() * PAGE_SIZE), any_bool(), any_u64() };
		ASSUME(IMPLIES(area->used && area->vmsa.v == witness, witness_state == PAGE_VMSA));
		ASSUME(IMPLIES(area->used && area->caa.v == witness, witness_state == PAGE_CAA));
	}
	ASSUME(vcpu->area[0].vmsa.v != vcpu->area[1].vmsa.v);
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) /* the present area's calling area is the one in use */
		ASSUME(IMPLIES(vcpu->area[i].used && vcpu->vmsa != NULL && vcpu->area[i].vmsa.v == vcpu->vmsa_gpa.v, vcpu->area[i].caa.v == vcpu->caa.v));
	before = witness_state;
	bool save_area = (vcpu->area[0].used && vcpu->area[0].vmsa.v == witness) || (vcpu->area[1].used && vcpu->area[1].vmsa.v == witness);
	bool calling = (vcpu->vmsa != NULL && vcpu->caa.v == witness) || (vcpu->area[0].used && vcpu->area[0].caa.v == witness) ||
		       (vcpu->area[1].used && vcpu->area[1].caa.v == witness);
	int error = stop_vcpu(vcpu);

	PROVE(!window_open && !witness_claimed, "nothing stays mapped or claimed");
	PROVE(witness_agrees(), "the map says what the hardware does");
	PROVE(IMPLIES(witness_state != before, before == PAGE_VMSA || before == PAGE_CAA), "no other page changes");
	PROVE(IMPLIES(before == PAGE_VMSA && !save_area, witness_state == PAGE_VMSA), "no save area of another vCPU changes");
	if (error != 0) {
		CANARY("not stopped");
		return;
	}
	PROVE(vcpu->vmsa == NULL && vcpu->caa_pointer == NULL && !vcpu->area[0].used && !vcpu->area[1].used, "every save area is forgotten");
	PROVE(IMPLIES(save_area, witness_state == PAGE_VALIDATED || witness_state == PAGE_LOST), "a save area is the guest's memory again, or lost");
	PROVE(IMPLIES(save_area, flush_requested), "the guest flushes before it runs on");
	PROVE(IMPLIES(calling, witness_state == PAGE_VALIDATED), "a calling area is ordinary memory again");
	if (save_area && witness_state == PAGE_VALIDATED)
		CANARY("a save area");
	if (save_area && witness_state == PAGE_LOST)
		CANARY("lost");
	if (calling)
		CANARY("a calling area");
}
