/* SPDX-License-Identifier: MIT */
/*
 * Save areas and calling areas: CREATE_VCPU, DELETE_VCPU, REMAP_CA and the taking of requests, from any state of the
 * vCPU table in which map, hardware and table agree. The table has two vCPUs with two areas each; addresses are any.
 */
#include "proofs/prover.h"
#include "proofs/witness.h"

#include "kernel/guest/vcpu.h"
#ifdef TABLE
#undef VCPU_AREAS_MAX
#undef VCPU_MAX
#define VCPU_AREAS_MAX TABLE
#define VCPU_MAX TABLE
#endif

/* ---- what it rests on ---- */

uint32_t guest_plane;
static uint64_t flushes;
static bool flushed;
static bool checking_area;

void guest_flush_request(void)
{
	flushes++;
}

/* From here on no processor has a translation of what was taken away. */
void guest_flush(void)
{
	PROVE(flushes != 0, "a flush comes after the loss");
	flushed = true;
}

uint64_t guest_flush_generation(void)
{
	return flushes;
}

#include "kernel/guest/vcpu.c"

/* Fields of a save area: any value, at every read; writes may fail. */
int access_copy(void *destination, const void *source, uint64_t size)
{
	uint8_t *to = destination;

	PROVE(size == 1 || size == 8, "one field at a time");
	if (any_bool())
		return ERR_FAULT;
	if (__CPROVER_same_object(to, window_memory)) {
		PROVE(window_open && (uint64_t)(to - window_memory) <= PAGE_SIZE - size, "writing stays in the page that is mapped");
		PROVE(IMPLIES(concerns(window_address, false), witness_claimed || witness_state == PAGE_VMSA), "only the monitor's and claimed pages are written");
		return 0;
	}
	if (checking_area)
		PROVE(flushed && IMPLIES(concerns(window_address, false), witness_perms == 0), "a save area is read after the guest has lost it everywhere");
	if (size == 1)
		*to = any_u8();
	else
		*(uint64_t *)destination = any_u64();
	return 0;
}

int access_exchange_byte(volatile uint8_t *address, uint8_t value)
{
	return any_bool() ? ERR_FAULT : any_u8();
}

int platform_plane_disable(struct vmsa *vmsa)
{
	PROVE((uint8_t *)vmsa == window_memory && window_open, "what is mapped is disabled");
	if (concerns(window_address, false))
		PROVE(witness_claimed && witness_perms == 0, "only an area that nobody can use any more");
	return any_bool() ? 0 : ERR_FAULT;
}

static uint8_t before;

/* Any table: a used area's page is a VMSA, its calling area a CAA; no page is registered twice. */
static void start(void)
{
	any_witness();
	guest_plane = any_u32();
	flushes = 0;
	flushed = checking_area = false;
	ASSUME(guest_plane >= 1 && guest_plane <= PLATFORM_PLANES);
	table_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		table[i].apic_id = any_u32();
		table[i].lock = (struct spinlock){ 0 };
		table[i].area_lock = (struct spinlock){ 0 };
		table[i].caa = gpa(any_u64() & ~PAGE_MASK);
		table[i].vmsa_gpa = gpa(any_u64() & ~PAGE_MASK);
		table[i].vmsa = any_bool() ? (struct vmsa *)(void *)window_memory : NULL;
		table[i].caa_pointer = NULL;
		for (uint32_t j = 0; j < VCPU_AREAS_MAX; j++) {
			struct vcpu_area *area = &table[i].area[j];

			*area = (struct vcpu_area){ gpa(any_u64() & ~PAGE_MASK), gpa(any_u64() & ~PAGE_MASK), any_bool(), any_u32() };
			ASSUME(IMPLIES(area->used && area->vmsa.v == witness, witness_state == PAGE_VMSA || witness_state == PAGE_LOST));
			ASSUME(IMPLIES(area->used && area->caa.v == witness, witness_state == PAGE_CAA));
		}
	}
	area_counter = any_u32();
	before = witness_state;
}

static void finish(void)
{
	PROVE(!window_open && !witness_claimed, "nothing stays mapped or claimed");
	PROVE(witness_agrees(), "the map says what the hardware does");
	PROVE(IMPLIES(before != PAGE_VALIDATED && before != PAGE_VMSA && before != PAGE_CAA, witness_state == before),
	      "pages that are not the guest's own never change");
	PROVE(IMPLIES(before == PAGE_VMSA && witness_state != PAGE_VMSA && witness_state != PAGE_LOST, witness_perms == 15 && !witness_vmsa),
	      "a save area ends as the guest's memory");
}

void prove_create(void)
{
	uint32_t apic_id = any_u32();
	gpa_t vmsa = gpa(any_u64()), caa = gpa(any_u64());
	uint64_t features = any_u64();

	start();
	checking_area = true;
	int error = vcpu_create(apic_id, vmsa, caa, features);

	finish();
	if (error == 0 && vmsa.v == witness) {
		PROVE(before == PAGE_VALIDATED && witness_state == PAGE_VMSA && (witness_perms & 14) == 0, "the guest's page became a save area");
		PROVE(flushes != 0, "the guest flushes before it runs on");
		CANARY("a save area");
	}
	if (error == 0 && caa.v == witness) {
		PROVE(witness_state == PAGE_CAA, "a calling area");
		CANARY("a calling area");
	}
	if (error != 0) {
		PROVE(witness_state == before || (vmsa.v == witness && witness_state == PAGE_LOST), "a call that fails changes nothing");
		CANARY("refused");
	}
	PROVE(IMPLIES(error == 0, vmsa.v != caa.v && is_aligned(vmsa.v | caa.v, PAGE_SIZE)), "two pages, aligned");
}

void prove_delete(void)
{
	gpa_t vmsa = gpa(any_u64());
	const struct vcpu *caller = &table[any_u8() & 1];

	start();
	int error = vcpu_delete(caller, vmsa);

	finish();
	if (vmsa.v == witness && before == PAGE_VMSA) {
		PROVE(IMPLIES(error == 0, witness_state == PAGE_VALIDATED), "deleted");
		PROVE(IMPLIES(witness_state != before, flushes != 0), "the guest flushes before it runs on");
		if (error == 0)
			CANARY("deleted");
		else if (witness_state == before)
			CANARY("refused");
	}
	PROVE(IMPLIES(vmsa.v != witness && before == PAGE_VMSA, witness_state == PAGE_VMSA), "no other save area changes");
}

void prove_remap(void)
{
	gpa_t caa = gpa(any_u64());
	struct vcpu *vcpu = &table[0];

	start();
	ASSUME(IMPLIES(vcpu->caa.v == witness, witness_state == PAGE_CAA));
	int error = vcpu_remap_caa(vcpu, caa);

	finish();
	PROVE(IMPLIES(before == PAGE_VMSA, witness_state == PAGE_VMSA), "no save area changes");
	PROVE(IMPLIES(error != 0, witness_state == before), "a call that fails changes nothing");
	if (error == 0) {
		PROVE(vcpu->caa.v == caa.v && is_aligned(caa.v, PAGE_SIZE), "the new area is used");
		PROVE(IMPLIES(caa.v == witness, witness_state == PAGE_CAA), "the new area is a calling area");
		CANARY("remapped");
	}
}

void prove_lookup(void)
{
	uint32_t apic_id = any_u32(), index = any_u32();

	start();
	struct vcpu *vcpu = vcpu_by_apic_id(apic_id);

	PROVE(vcpu == NULL || ((vcpu == &table[0] || vcpu == &table[1]) && vcpu->apic_id == apic_id), "the vCPU of that id");
	vcpu = vcpu_by_index(index);
	PROVE((vcpu == NULL) == (index >= 2) && vcpu_count() == 2, "indexes below the count");
	if (vcpu != NULL)
		CANARY("found");
}

void prove_table_init(void)
{
	uint32_t ids[VCPU_MAX], count = any_u32(), which = any_u32();
	int error = vcpu_table_init(ids, count);

	PROVE((error == 0) == (count >= 1 && count <= VCPU_MAX), "from one vCPU to the limit");
	if (error == 0 && which < count) {
		PROVE(table[which].apic_id == ids[which] && table[which].vmsa == NULL && !table[which].area[0].used, "empty entries");
		CANARY("made");
	}
}
