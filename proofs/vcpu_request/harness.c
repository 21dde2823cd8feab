/* SPDX-License-Identifier: MIT */
/*
 * The taking of requests. The vCPU has a present area (its own in the monitor's memory, one of the guest's, or none) and
 * two registered ones. Fields of a save area and the byte of a calling area have any value at every
 * read, and every access may fail: the host runs what it likes until an area is disabled.
 */
#include "proofs/prover.h"

#include "kernel/guest/vcpu.h"
#undef VCPU_AREAS_MAX
#undef VCPU_MAX
#define VCPU_AREAS_MAX 2u
#define VCPU_MAX 2u

#include "kernel/guest/vcpu.c"

uint32_t guest_plane;
struct page_state_map memory_pages;

/* ---- windows: one page each, side by side ---- */

static uint8_t window[WINDOW_SLOTS * PAGE_SIZE];
static bool window_open[WINDOW_SLOTS];
static uint64_t window_gpa[WINDOW_SLOTS];
static struct vmsa own;

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	PROVE(slot < WINDOW_SLOTS && is_aligned(address.v, PAGE_SIZE), "a page in a slot");
	window_open[slot] = true;
	window_gpa[slot] = address.v;
	return va((uint64_t)(uintptr_t)window + (uint64_t)slot * PAGE_SIZE);
}

void memory_window_unmap(enum window_slot slot)
{
	window_open[slot] = false;
}

/* ---- what is looked at ---- */

static struct vcpu *vcpu = &table[0];
static uint64_t area_gpa;  /* the save area that the last access was to */
static uint64_t call_gpa;  /* its calling area */
static uint32_t offset;	   /* in the page */

static uint64_t watched; /* the address of one of the registered areas, none in particular */
static bool watched_seen;

/* What happened to the area since its exit code was first read: the steps of taking a request, in order. */
static enum { NOTHING, STOPPED, ASKED, DISABLED, STILL_STOPPED, TAKEN } step;
static uint64_t step_gpa, step_call_gpa;
static uint32_t taken; /* requests */
static bool register_read[4];
static uint64_t register_value[4];

/* Which save area a pointer leads into: one of this vCPU's, where it is mapped. */
static void locate(const void *pointer)
{
	if (__CPROVER_same_object(pointer, &own)) {
		PROVE(vcpu->vmsa == &own, "the first area is read while it is the present one");
		offset = (uint32_t)((const uint8_t *)pointer - (const uint8_t *)&own);
		area_gpa = vcpu->vmsa_gpa.v;
		call_gpa = vcpu->caa.v;
		return;
	}
	PROVE(__CPROVER_same_object(pointer, window), "a save area is the vCPU's own or in a window");
	uint32_t at = (uint32_t)((const uint8_t *)pointer - window), slot = at / PAGE_SIZE;

	PROVE(slot == WINDOW_VMSA || slot == WINDOW_PAGE, "a window for save areas");
	PROVE(window_open[slot], "what is read is mapped");
	offset = at % PAGE_SIZE;
	area_gpa = window_gpa[slot];
	if (slot == WINDOW_VMSA) {
		PROVE(area_gpa == vcpu->vmsa_gpa.v, "the present area");
		call_gpa = vcpu->caa.v;
		return;
	}
	const struct vcpu_area *area = vcpu->area[0].used && vcpu->area[0].vmsa.v == area_gpa ? &vcpu->area[0] : &vcpu->area[1];

	PROVE(area->used && area->vmsa.v == area_gpa, "an area that is registered for this vCPU");
	call_gpa = area->caa.v;
}

static void read_exit_code(uint64_t value)
{
	if (step == DISABLED && step_gpa == area_gpa) {
		step = value == SVM_EXIT_VMGEXIT ? STILL_STOPPED : NOTHING;
		return;
	}
	PROVE(taken == 0, "nothing is looked for when a request was taken");
	step = value == SVM_EXIT_VMGEXIT ? STOPPED : NOTHING;
	step_gpa = area_gpa;
}

static void read_register(uint32_t which, uint64_t value)
{
	PROVE(step == TAKEN && step_gpa == area_gpa, "registers are read of the area that the request was taken from");
	PROVE(!register_read[which], "every register is read once");
	register_read[which] = true;
	register_value[which] = value;
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	uint64_t value = any_u64();

	PROVE(size == 8, "one field at a time");
	if (__CPROVER_same_object(destination, window) || __CPROVER_same_object(destination, &own)) {
		locate(destination);
		PROVE(offset == offsetof(struct vmsa, exit_code) && *(const uint64_t *)source != SVM_EXIT_VMGEXIT,
		      "a request that was taken is marked as such, and nothing else written");
		PROVE(step == STILL_STOPPED && step_gpa == area_gpa, "a request is taken after all that makes it one");
		if (any_bool())
			return ERR_FAULT;
		step = TAKEN;
		taken++;
		return 0;
	}
	locate(source);
	if (any_bool())
		return ERR_FAULT;
	if (offset == offsetof(struct vmsa, exit_code))
		read_exit_code(value);
	else if (offset == offsetof(struct vmsa, rax))
		read_register(0, value);
	else if (offset == offsetof(struct vmsa, rcx))
		read_register(1, value);
	else if (offset == offsetof(struct vmsa, rdx))
		read_register(2, value);
	else if (offset == offsetof(struct vmsa, r8))
		read_register(3, value);
	else
		PROVE(false, "no other field is read");
	*(uint64_t *)destination = value;
	return 0;
}

int access_exchange_byte(volatile uint8_t *address, uint8_t value)
{
	PROVE(__CPROVER_same_object((const void *)address, window), "a calling area is in a window");
	uint32_t at = (uint32_t)((const uint8_t *)address - window), slot = at / PAGE_SIZE;

	PROVE(slot == WINDOW_CAA || slot == WINDOW_COPY, "a window for calling areas");
	PROVE(window_open[slot] && at % PAGE_SIZE == 0 && value == 0, "call_pending is cleared, in a page that is mapped");
	PROVE(window_gpa[slot] == call_gpa, "the calling area of the save area");
	PROVE(step == STOPPED && step_gpa == area_gpa, "only a guest that stopped is asked");
	int result = any_bool() ? ERR_FAULT : any_u8();

	step = result > 0 ? ASKED : NOTHING;
	step_call_gpa = window_gpa[slot];
	return result;
}

/* ---- stopping the first area: the present one, or left before ---- */

static bool stopping, own_dark; /* the instruction has said that it does not run */

int platform_page_label(va_t address, bool size_2m, uint32_t plane, enum platform_label label)
{
	PROVE(address.v == (uint64_t)(uintptr_t)&own && !size_2m && plane == guest_plane, "the vCPU's own area, at the guest's level");
	PROVE(label == LABEL_OWN_VMSA, "it stays a save area, in the monitor's memory");
	own_dark = any_bool();
	return own_dark ? 0 : any_bool() ? ERR_BUSY : any_bool() ? ERR_PERMISSION : ERR_FAULT;
}

int platform_plane_disable(struct vmsa *vmsa)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_BUSY : ERR_FAULT;

	if (stopping) {
		PROVE(vmsa == &own && own_dark && step == NOTHING, "the first area is disabled, once, when it does not run");
		step = error == 0 ? DISABLED : NOTHING;
		return error;
	}
	locate(vmsa);
	PROVE(offset == 0 && step == ASKED && step_gpa == area_gpa, "an area is disabled when it has a request");
	step = error == 0 ? DISABLED : NOTHING;
	return error;
}

/* The place of area_has_request() where all areas are gone through: it finds what it likes. */
bool stub_area_has_request(struct vmsa *vmsa, volatile uint8_t *caa)
{
	locate(vmsa);
	uint32_t at = (uint32_t)((const uint8_t *)caa - window), slot = at / PAGE_SIZE;

	PROVE(offset == 0 && at % PAGE_SIZE == 0 && (slot == WINDOW_CAA || slot == WINDOW_COPY) && window_open[slot], "two pages that are mapped");
	PROVE(window_gpa[slot] == call_gpa, "the calling area of the save area");
	PROVE(taken == 0, "nothing is looked for when a request was taken");
	if (area_gpa == watched)
		watched_seen = true;
	if (any_bool())
		return false;
	step = TAKEN;
	step_gpa = area_gpa;
	step_call_gpa = call_gpa;
	taken++;
	return true;
}

/* ---- the map of pages: a calling area that nothing uses any more ---- */

static uint64_t witness;
static uint8_t witness_state;

static bool serves(void) /* the witness is a calling area in use */
{
	return (vcpu->vmsa != NULL && vcpu->caa.v == witness) || (vcpu->area[0].used && vcpu->area[0].caa.v == witness) ||
	       (vcpu->area[1].used && vcpu->area[1].caa.v == witness);
}

int page_state_claim(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state from, enum page_state *found)
{
	*found = PAGE_VALIDATED;
	PROVE(from == PAGE_CAA && !size_2m, "calling areas are released, nothing else");
	if (address.v != witness)
		return any_bool() ? 0 : ERR_STATE;
	PROVE(!serves(), "what is released serves no area");
	if (witness_state != PAGE_CAA)
		return ERR_STATE;
	witness_state = PAGE_BUSY;
	return 0;
}

void page_state_settle(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state to)
{
	PROVE(to == PAGE_VALIDATED, "released to the guest's own memory");
	if (address.v != witness)
		return;
	PROVE(witness_state == PAGE_BUSY, "what is settled was claimed");
	witness_state = PAGE_VALIDATED;
}

void guest_flush_request(void) {}
void guest_flush(void) {}

static gpa_t any_page(void)
{
	return gpa((uint64_t)any_u8() * PAGE_SIZE); /* addresses are compared only */
}

/* Any state that the table keeps: no page is registered twice, what is mapped is what the fields say. */
static void start(void)
{
	guest_plane = 1u + any_u8() % PLATFORM_PLANES;
	table_count = 1;
	vcpu->lock = vcpu->area_lock = (struct spinlock){ 0 };
	vcpu->vmsa_gpa = any_page();
	vcpu->caa = any_page();
	vcpu->own_area = NULL;
	switch (any_u8() % 3) {
	case 0:
		vcpu->vmsa = NULL;
		break;
	case 1:
		vcpu->vmsa = &own;
		break;
	default:
		vcpu->vmsa = (struct vmsa *)(uintptr_t)memory_window_map(WINDOW_VMSA, vcpu->vmsa_gpa).v;
		break;
	}
	vcpu->caa_pointer = NULL;
	if (any_bool())
		vcpu->caa_pointer = (volatile uint8_t *)(uintptr_t)memory_window_map(WINDOW_CAA, vcpu->caa).v;
	for (uint32_t i = 0; i < VCPU_AREAS_MAX; i++) {
		vcpu->area[i] = (struct vcpu_area){ any_page(), any_page(), any_bool(), any_u8() };
		ASSUME(vcpu->area[i].used ? vcpu->vmsa != &own || vcpu->area[i].vmsa.v != vcpu->vmsa_gpa.v : true);
	}
	ASSUME(vcpu->area[0].vmsa.v != vcpu->area[1].vmsa.v && vcpu->area[0].number != vcpu->area[1].number);
	/* A present area of the guest's is a registered one. */
	ASSUME(IMPLIES(vcpu->vmsa != NULL && vcpu->vmsa != &own,
		       (vcpu->area[0].used && vcpu->area[0].vmsa.v == vcpu->vmsa_gpa.v) ||
		       (vcpu->area[1].used && vcpu->area[1].vmsa.v == vcpu->vmsa_gpa.v)));
	witness = any_page().v;
	witness_state = any_u8() % 9;
	ASSUME(witness_state != PAGE_BUSY && IMPLIES(serves(), witness_state == PAGE_CAA));
	const struct vcpu_area *some = &vcpu->area[any_bool()];

	watched = some->used ? some->vmsa.v : ~0ull;
	watched_seen = false;
	step = NOTHING;
	taken = 0;
}

void prove_area_has_request(void)
{
	start();
	const struct vcpu_area *area = &vcpu->area[0];
	bool present = vcpu->vmsa != NULL && any_bool();

	ASSUME(present || area->used);
	struct vmsa *vmsa = present ? vcpu->vmsa : (struct vmsa *)(uintptr_t)memory_window_map(WINDOW_PAGE, area->vmsa).v;
	va_t caa = memory_window_map(present ? WINDOW_CAA : WINDOW_COPY, present ? vcpu->caa : area->caa);
	bool found = area_has_request(vmsa, (volatile uint8_t *)(uintptr_t)caa.v);

	PROVE(found == (step == TAKEN) && taken == (found ? 1u : 0u), "a request is taken once");
	PROVE(IMPLIES(found, step_gpa == (present ? vcpu->vmsa_gpa.v : area->vmsa.v)), "from this area");
	if (found && present)
		CANARY("a request of the present area");
	if (found && !present)
		CANARY("a request");
	if (!found)
		CANARY("none");
}

void prove_take_request(void)
{
	struct vcpu_call call;

	start();
	bool served = serves();
	bool found = vcpu_take_request(vcpu, &call);

	PROVE(taken <= 1 && IMPLIES(found, taken == 1), "a request is taken once");
	PROVE(vcpu->lock.taken == 0 && vcpu->area_lock.taken == 0, "no lock stays taken");
	PROVE(!window_open[WINDOW_PAGE] && !window_open[WINDOW_COPY], "nothing that is not the vCPU's stays mapped");
	PROVE(IMPLIES(vcpu->vmsa != NULL && vcpu->vmsa != &own, window_open[WINDOW_VMSA] && window_gpa[WINDOW_VMSA] == vcpu->vmsa_gpa.v),
	      "the present area is mapped");
	PROVE(IMPLIES(vcpu->caa_pointer != NULL, window_open[WINDOW_CAA] && window_gpa[WINDOW_CAA] == vcpu->caa.v), "its calling area is mapped");
	PROVE(IMPLIES(serves(), witness_state == PAGE_CAA), "what serves an area is a calling area");
	PROVE(IMPLIES(witness_state == PAGE_VALIDATED && served, !serves()), "a calling area is released when it serves nothing");
	if (!found) {
		PROVE(IMPLIES(watched != ~0ull && taken == 0, watched_seen), "no area is left out");
		CANARY("no request");
		return;
	}
	PROVE(step == TAKEN && vcpu->vmsa != NULL && step_gpa == vcpu->vmsa_gpa.v && step_call_gpa == vcpu->caa.v,
	      "the area that made the request is the vCPU's, with its calling area");
	PROVE(register_read[0] && register_read[1] && register_read[2] && register_read[3], "all of the call's registers are read");
	PROVE(call.rax == register_value[0] && call.rcx == register_value[1] && call.rdx == register_value[2] && call.r8 == register_value[3],
	      "the call is what was read");
	if (vcpu->vmsa == &own)
		CANARY("a request of the first area");
	else
		CANARY("a request");
	if (served && !serves())
		CANARY("a calling area is released");
}

void prove_next_area(void)
{
	uint64_t number = any_u64();

	start();
	const struct vcpu_area *found = next_area(vcpu, number);
	const struct vcpu_area *other = &vcpu->area[any_bool()];
	bool counts = other->used && other->number < number && !(vcpu->vmsa != NULL && vcpu->vmsa_gpa.v == other->vmsa.v);

	if (found == NULL) {
		PROVE(!counts, "none is left out");
		CANARY("none");
		return;
	}
	PROVE(found->used && found->number < number && !(vcpu->vmsa != NULL && vcpu->vmsa_gpa.v == found->vmsa.v),
	      "an older one that is not the present one");
	PROVE(IMPLIES(counts, other->number <= found->number), "the newest of them");
	CANARY("the next");
}

void prove_stop_own_area(void)
{
	start();
	vcpu->own_area = &own;
	stopping = true;
	own_dark = false;
	int error = stop_own_area(vcpu);

	PROVE((error == 0) == (step == DISABLED), "stopped means that it was disabled");
	PROVE(IMPLIES(error == 0, own_dark), "stopped means that it does not run");
	if (error == 0)
		CANARY("stopped");
	if (error == ERR_BUSY && !own_dark)
		CANARY("it runs");
	if (error != 0 && own_dark)
		CANARY("it cannot be disabled");
}
