/* SPDX-License-Identifier: MIT */
/* Stopping the guest's vCPUs for a reset: the locks, and which pages are whose afterwards. Starts as proofs/vcpu does. */
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
	PROVE(IMPLIES(save_area, witness_state == PAGE_VALIDATED && !witness_vmsa), "a save area is the guest's memory again, and runs no more");
	PROVE(IMPLIES(save_area, flush_requested), "the guest flushes before it runs on");
	PROVE(IMPLIES(calling, witness_state == PAGE_VALIDATED), "a calling area is ordinary memory again");
	if (save_area && witness_state == PAGE_VALIDATED)
		CANARY("a save area");
	if (calling)
		CANARY("a calling area");
}

/* ---- all of them ---- */

static bool stopped[VCPU_MAX], gave_up;
static int last_error;
static uint32_t busy[VCPU_MAX];

/* What the proof stop_vcpu shows: stopped, or an error of the platform's. */
int stub_stop_vcpu(struct vcpu *of)
{
	uint32_t which = of == &table[0] ? 0u : 1u;

	PROVE(of == &table[which] && which < table_count, "one of the table");
	PROVE(!stopped[which] && !gave_up, "a vCPU is stopped once, and none after a failure");
	last_error = any_int();
	ASSUME(last_error <= 0); /* ERR_* are negative */
	if (last_error == ERR_BUSY)
		ASSUME(busy[which]++ < 2);
	stopped[which] = last_error == 0;
	gave_up = last_error != 0 && last_error != ERR_BUSY;
	return last_error;
}

void prove_stop_all(void)
{
	table_count = 1u + any_u8() % VCPU_MAX;
	stopped[0] = stopped[1] = gave_up = false;
	busy[0] = busy[1] = 0;
	last_error = 0;
	int error = vcpu_stop_all();

	PROVE(error == last_error && error != ERR_BUSY, "a vCPU that is busy is tried again, another error told");
	PROVE(IMPLIES(error == 0, stopped[0] && (stopped[1] || table_count == 1)), "all are stopped");
	if (error == 0 && busy[0] == 2 && busy[1] == 1)
		CANARY("stopped after a while");
	if (error != 0 && stopped[0])
		CANARY("the second cannot be stopped");
}

/* ---- locks ---- */

static bool held[VCPU_MAX], area_held[VCPU_MAX];

void stub_spinlock_acquire(struct spinlock *lock)
{
	bool is_area = lock == &table[0].area_lock || lock == &table[1].area_lock;
	uint32_t which = lock == &table[0].lock || lock == &table[0].area_lock ? 0u : 1u;

	PROVE(is_area || lock == &table[which].lock, "a vCPU's");
	PROVE(which < table_count, "one of the table");
	if (!is_area) {
		PROVE(!held[which] && !area_held[0] && !area_held[1], "a vCPU's own lock before any area_lock");
		held[which] = true;
		return;
	}
	PROVE(held[0] && (held[1] || table_count == 1), "an area_lock when nobody is left who could hold or want one");
	PROVE(!area_held[which], "once");
	area_held[which] = true;
}

void stub_spinlock_release(struct spinlock *lock)
{
	bool is_area = lock == &table[0].area_lock || lock == &table[1].area_lock;
	uint32_t which = lock == &table[0].lock || lock == &table[0].area_lock ? 0u : 1u;

	PROVE(is_area || lock == &table[which].lock, "a vCPU's");
	PROVE(is_area ? area_held[which] : held[which] && !area_held[which], "what is held, an area_lock before its vCPU's own");
	if (is_area)
		area_held[which] = false;
	else
		held[which] = false;
}

void prove_locks(void)
{
	table_count = 1u + any_u8() % VCPU_MAX;
	held[0] = held[1] = area_held[0] = area_held[1] = false;
	vcpu_lock_all();
	PROVE(held[0] && area_held[0] && (table_count == 1 || (held[1] && area_held[1])), "every vCPU is locked");
	vcpu_unlock_all();
	PROVE(!held[0] && !held[1] && !area_held[0] && !area_held[1], "no lock is held");
	if (table_count == 2)
		CANARY("two");
}
