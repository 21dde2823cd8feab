/* SPDX-License-Identifier: MIT */
/*
 * Sequences of Core calls of two vCPUs against an executable model of the protocol (core_model.h). They go through save
 * areas, calling areas and the run loop. The model says before each call what the result code, the registers, the state of each page
 * and the content of memory will be; all of them are compared afterwards. The host takes pages away and gives others in
 * their place, resumes the monitor without a request, and runs save areas that are to be deleted. When instructions fault
 * half-way, the model says what may have become of the pages that the call names, and that nothing else changed. A Core
 * call allocates nothing; what happens to calls that do is fuzz_services'.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/guest/pages.h"
#include "tests/fuzz/core_model.h"
#include "tests/mock/mock.h"

#define POOL_A 0x00110000ull
#define POOL_B 0x00400000ull
#define POOL_PAGES 16ull
#define CAA POOL_A
#define LIST (POOL_A + PAGE_SIZE)
#define FIRST_GIVEN 8u
#define VMGEXIT 0x403u
#define ENTERED 1
#define WAITS 2
/* Loops over all pages: the fuzzer learns nothing from them, and most of the time would go into its counters. */
#ifdef __clang__
#define NOT_COUNTED __attribute__((no_sanitize("coverage")))
#else /* the analyzer, which does not know it */
#define NOT_COUNTED
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct core_model model, before; /* before: as it was when a call began whose instructions fault */
static uint8_t shadow[2][POOL_PAGES * PAGE_SIZE]; /* what the guest's memory in the pools must hold */
static struct vmsa *own;                          /* the first vCPU's first save area, in the monitor's memory */
static uint8_t ever[MODEL_PAGES];                 /* pages that may hold something else than the fill */
static jmp_buf out;
static const uint8_t *input;
static size_t left;

NOT_COUNTED static void require(bool good)
{
	if (!good)
		abort();
}

static uint8_t next_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static uint64_t next_number(void)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | next_byte();
	return number;
}

/* Mostly a handful of pages that meet each other, sometimes anything. */
static uint64_t next_address(void)
{
	uint8_t kind = next_byte();

	if (kind < 128)
		return POOL_A + kind % POOL_PAGES * PAGE_SIZE;
	if (kind < 176)
		return POOL_B + kind % POOL_PAGES * PAGE_SIZE;
	if (kind < 208)
		return kind % 16u * PAGE_SIZE_2M;
	return kind < 240 ? POOL_A + kind * 8ull : next_number();
}

static struct vcpu *monitor_cpu(unsigned cpu)
{
	return vcpu_by_index(cpu);
}

/* ---- memory: what must be there, and what is ---- */

static uint8_t *expected(uint64_t address)
{
	if (address - POOL_A < sizeof(shadow[0]))
		return &shadow[0][address - POOL_A];
	return address - POOL_B < sizeof(shadow[1]) ? &shadow[1][address - POOL_B] : NULL;
}

static void put(uint64_t address, const void *data, uint64_t size)
{
	uint8_t *copy = expected(address);

	ever[(address - MODEL_BASE) / PAGE_SIZE] = 1;
	memcpy(mock_memory(address), data, size);
	if (copy != NULL)
		memcpy(copy, data, size);
}

static void expect(uint64_t address, const void *data, uint64_t size)
{
	uint8_t *copy = expected(address);

	if (copy != NULL)
		memcpy(copy, data, size);
}

static bool is_zero(const uint8_t *data)
{
	return data[0] == 0 && memcmp(data, data + 1, PAGE_SIZE - 1) == 0;
}

/* Pages that the call zeroed are zero; of one that it may have zeroed the content is taken as it is. */
NOT_COUNTED static void settle_zeroed(void)
{
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		uint64_t address = MODEL_BASE + i * PAGE_SIZE;
		struct model_page *page = &model.page[i];
		uint8_t *copy;

		if (!page->zeroed && !page->unknown)
			continue;
		copy = expected(address);
		ever[i] = 1;
		if (copy != NULL && (page->zeroed || is_zero(mock_memory(address))))
			memset(copy, 0, PAGE_SIZE);
		else if (copy == NULL && page->zeroed)
			require(is_zero(mock_memory(address)));
		page->zeroed = page->unknown = false;
	}
}

static void compare_memory(void)
{
	require(memcmp(mock_memory(POOL_A), shadow[0], sizeof(shadow[0])) == 0);
	require(memcmp(mock_memory(POOL_B), shadow[1], sizeof(shadow[1])) == 0);
}

/* ---- states: the model's, the monitor's and the reverse map's ---- */

NOT_COUNTED static enum model_state observed(uint64_t address)
{
	switch (page_state_get(&memory_pages, gpa(address))) {
	case PAGE_UNVALIDATED:
		return MODEL_FREE;
	case PAGE_VALIDATED:
		return MODEL_GIVEN;
	case PAGE_CAA:
		return MODEL_CALLING;
	case PAGE_VMSA:
		return MODEL_SAVE;
	case PAGE_LOST:
		return MODEL_LOST;
	default:
		return MODEL_NOWHERE;
	}
}

/* What the guest may do with the page, by the reverse map. */
NOT_COUNTED static uint8_t guest_permissions(enum model_state state)
{
	switch (state) {
	case MODEL_GIVEN:
	case MODEL_CALLING:
		return 0xF;
	case MODEL_SAVE:
		return 0x1;
	default:
		return 0;
	}
}

NOT_COUNTED static void compare_with(uint64_t address, enum model_state found)
{
	const struct model_page *page = &model.page[(address - MODEL_BASE) / PAGE_SIZE];
	const struct mock_page *entry = mock_page(address);

	require(found == page->state);
	if (found == MODEL_LOST) {
		require(entry->perms[MODEL_LEVEL] == 0 && !entry->vmsa);
		return;
	}
	require(entry->validated == page->valid && entry->assigned == page->there && entry->size_2m == page->large);
	require(entry->perms[1] == 0 && entry->perms[3] == 0);
	if (page->valid)
		require(entry->perms[MODEL_LEVEL] == guest_permissions(found) && entry->vmsa == (found == MODEL_SAVE));
	else
		require(entry->perms[MODEL_LEVEL] == 0 && !entry->vmsa);
}

static void compare_page(uint64_t address)
{
	compare_with(address, observed(address));
}

static void compare_pools(void)
{
	for (uint64_t i = 0; i < POOL_PAGES; i++) {
		compare_page(POOL_A + i * PAGE_SIZE);
		compare_page(POOL_B + i * PAGE_SIZE);
	}
	for (uint64_t block = PAGE_SIZE_2M; block < MODEL_BASE + MODEL_PAGES * PAGE_SIZE; block += PAGE_SIZE_2M) {
		compare_page(block - PAGE_SIZE);
		compare_page(block);
	}
}

/* The pages of a block that the map has as one are asked for once. */
NOT_COUNTED static void compare_all(void)
{
	const uint64_t first = MODEL_BASE / PAGE_SIZE_2M, end = MODEL_BASE + MODEL_PAGES * PAGE_SIZE;
	enum model_state found = MODEL_NOWHERE;

	for (uint64_t address = MODEL_BASE; address < end; address += PAGE_SIZE) {
		uint64_t block = address / PAGE_SIZE_2M - first;

		if (is_aligned(address, PAGE_SIZE_2M) || memory_pages.summary[block] == PAGE_MIXED)
			found = observed(address);
		compare_with(address, found);
	}
}

/* ---- vCPUs ---- */

/* The save area that the monitor says is the vCPU's present one. */
static void compare_present(unsigned cpu)
{
	const struct model_cpu *wanted = &model.cpu[cpu];
	const struct vcpu *found = monitor_cpu(cpu);
	const struct model_area *area;

	require((found->vmsa == NULL) == (wanted->present < 0));
	if (wanted->present < 0)
		return;
	area = &wanted->area[wanted->present];
	require(found->caa.v == area->calling);
	require(wanted->present == (int)MODEL_OWN || found->vmsa_gpa.v == area->save);
}

static int entered(uint32_t plane)
{
	require(plane == MODEL_LEVEL && !mock_unflushed);
	longjmp(out, ENTERED);
}

static void waits(void)
{
	longjmp(out, WAITS);
}

/* The vCPU's processor comes to the monitor, and leaves it for the guest or to wait. */
static int run_monitor(unsigned cpu)
{
	int left_by = setjmp(out);

	if (left_by == 0)
		vcpu_run(monitor_cpu(cpu));
	return left_by;
}

/* ---- calls ---- */

static uint64_t next_entry(void)
{
	uint8_t kind = next_byte();
	uint64_t bits = kind < 224 ? kind & 0xDu : next_number() & 0xFFF;

	return next_address() | bits;
}

/* Of a list that is longer than what one call works through: a block is taken and given, in turns. */
static uint64_t next_large_entry(unsigned i)
{
	return (2u + next_byte() % 4u) * PAGE_SIZE_2M | (i % 2u == 0 ? 0xDu : 0x9u);
}

static void write_list(struct model_call *call)
{
	uint16_t header[4] = { next_byte() % 8u, 0, 0, 0 };
	uint64_t entry[24];
	unsigned count = next_byte() % 16u == 0 ? 24 : header[0] < 3 ? 3 : header[0];

	call->rcx = next_byte() % 8u != 0 ? LIST : next_address() + next_byte() % 2u * 8ull;
	header[0] = (uint16_t)(count == 24 ? 24 : header[0] + 1);
	header[1] = next_byte() % 4u == 0 ? next_byte() % 8u : 0;
	for (unsigned i = 0; i < count; i++)
		entry[i] = count == 24 ? next_large_entry(i) : next_entry();
	if (model_state(&model, call->rcx) == MODEL_GIVEN && PAGE_SIZE - call->rcx % PAGE_SIZE >= sizeof(header) + sizeof(entry)) {
		put(call->rcx, header, sizeof(header));
		put(call->rcx + sizeof(header), entry, count * sizeof(entry[0]));
	}
}

/* Most save areas are what they should be. */
static void write_area(uint64_t at)
{
	struct vmsa area;
	uint8_t kind = next_byte();

	if (model_state(&model, at) != MODEL_GIVEN || at % PAGE_SIZE != 0)
		return;
	memset(&area, 0x5A, sizeof(area));
	area.vmpl = kind % 16u != 1 ? MODEL_LEVEL : kind / 16u % 4u;
	area.efer = kind % 16u != 2 ? EFER_SVME | 0x500u : 0x500u;
	area.sev_features = kind % 16u != 3 ? platform_guest_features() : kind;
	area.exit_code = VMGEXIT; /* as if it had made a request already */
	put(at, &area, sizeof(area));
}

static struct model_call next_call(void)
{
	struct model_call call = { .rcx = 0x1111, .rdx = 0x2222, .r8 = 0x3333 };

	switch (next_byte() % 16u) {
	case 0:
		call.number = 0;
		call.rcx = next_address();
		break;
	case 1:
	case 2:
	case 3:
		call.number = 2;
		call.rcx = next_address();
		call.rdx = next_address();
		call.r8 = next_byte() % 32u == 0 ? next_number() : (uint64_t)next_byte() << 32 | next_byte() % 2u;
		write_area(call.rcx);
		break;
	case 4:
	case 5:
		call.number = 3;
		call.rcx = next_address();
		break;
	case 6:
		call.number = 6;
		call.rcx = (uint64_t)(next_byte() % 8u) << 32 | next_byte() % 4u;
		break;
	case 7:
		call.number = 7;
		call.rcx = next_number();
		break;
	case 8:
		call.protocol = next_byte() % 16u;
		call.protocol = call.protocol == 1 || call.protocol == 2 ? 0 : call.protocol; /* these have targets of their own */
		call.number = next_byte();
		call.rcx = next_address();
		break;
	default:
		call.number = 1;
		write_list(&call);
		break;
	}
	return call;
}

static void predict_pvalidate(const struct model_call *call, struct model_answer *answer)
{
	uint64_t entry[512] = { 0 };
	uint16_t header[2] = { 0 };

	if (model_find(&model, call->rcx) != NULL && call->rcx % 8 == 0 && call->rcx % PAGE_SIZE <= PAGE_SIZE - 16) {
		memcpy(header, mock_memory(call->rcx), sizeof(header));
		memcpy(entry, mock_memory(call->rcx + 8), PAGE_SIZE - 8 - call->rcx % PAGE_SIZE);
	}
	model_pvalidate(&model, call->rcx, header[0], header[1], entry, answer);
}

static void predict_create(const struct model_call *call, struct model_answer *answer)
{
	struct model_claims claims = { 0 };

	if (model_find(&model, call->rcx) != NULL && call->rcx % PAGE_SIZE == 0) {
		const struct vmsa *area = (const struct vmsa *)(const void *)mock_memory(call->rcx);

		claims = (struct model_claims){ .level = area->vmpl, .efer = area->efer, .features = area->sev_features };
	}
	model_create(&model, call, &claims, answer);
}

static struct model_answer predict(unsigned cpu, const struct model_call *call)
{
	struct model_answer answer = { .rcx = call->rcx, .rdx = call->rdx, .r8 = call->r8 };

	if (call->protocol != 0)
		model_may(&answer, MODEL_NO_PROTOCOL);
	else if (call->number == 0)
		model_remap(&model, &model.cpu[cpu], call->rcx, &answer);
	else if (call->number == 1)
		predict_pvalidate(call, &answer);
	else if (call->number == 2)
		predict_create(call, &answer);
	else if (call->number == 3)
		model_delete(&model, &model.cpu[cpu], call->rcx, &answer);
	else if (call->number == 6)
		model_query(call, &answer);
	else if (call->number == 7)
		model_vtom(call, &answer);
	else
		model_may(&answer, MODEL_NO_CALL);
	return answer;
}

static bool is_allowed(const struct model_answer *answer, uint64_t result)
{
	for (unsigned i = 0; i < answer->results; i++) {
		if (answer->result[i] == result)
			return true;
	}
	return false;
}

/* What the call writes to memory, after the zeroing of pages. */
static void expect_writes(const struct model_call *call, const struct model_answer *answer)
{
	static const uint64_t zero;

	settle_zeroed();
	if (answer->writes_next)
		expect(call->rcx + 2, &answer->next, sizeof(answer->next));
	if (answer->cleared != 0)
		expect(answer->cleared, &zero, sizeof(zero));
	if (answer->made != 0)
		expect(answer->made + offsetof(struct vmsa, exit_code), &zero, sizeof(zero));
	if (answer->unmade != 0) {
		uint64_t efer = ((const struct vmsa *)(const void *)mock_memory(answer->unmade))->efer;

		require((efer & EFER_SVME) == 0);
		expect(answer->unmade + offsetof(struct vmsa, efer), &efer, sizeof(efer));
	}
}

static void read_area(const struct model_area *area, struct vmsa *content)
{
	memcpy(content, area->save == 0 ? own : (const void *)mock_memory(area->save), sizeof(*content));
}

static void put_area(const struct model_area *area, const struct vmsa *content)
{
	if (area->save == 0)
		memcpy(own, content, sizeof(*content));
	else
		put(area->save, content, sizeof(*content));
}

/* One of the vCPU's areas that are in use; NULL: it has none. */
static const struct model_area *choose_area(unsigned cpu, unsigned choice)
{
	for (unsigned i = 0; i <= MODEL_AREAS; i++) {
		unsigned index = (choice + i) % (MODEL_AREAS + 1);

		if (model.cpu[cpu].area[index].used)
			return &model.cpu[cpu].area[index];
	}
	return NULL;
}

static bool reaches_area(const struct model_area *area)
{
	return area->save == 0 || model_reaches(&model, area->save);
}

/* Where the monitor goes when it has nothing more to do: to the guest, if the present area can run. */
static int way_out(unsigned cpu)
{
	const struct model_cpu *at = &model.cpu[cpu];

	/* The first vCPU's processor asks the host in any case. */
	return cpu == 0 || (at->present >= 0 && reaches_area(&at->area[at->present])) ? ENTERED : WAITS;
}

static void stop_running(const struct model_area *area)
{
	if (area->save == 0)
		return;
	model_page(&model, area->save)->runs = false;
	mock_page(area->save)->running = false;
}

/* The guest stops at VMGEXIT in one of the vCPU's areas with a call. */
static void make_request(const struct model_area *area, const struct model_call *call, struct vmsa *content)
{
	static const uint8_t pending = 1;

	stop_running(area);
	read_area(area, content);
	content->exit_code = VMGEXIT;
	content->rax = (uint64_t)call->protocol << 32 | call->number;
	content->rcx = call->rcx;
	content->rdx = call->rdx;
	content->r8 = call->r8;
	put_area(area, content);
	put(area->calling, &pending, sizeof(pending));
}

/* A request that was taken: what it did is what the model says, and the area holds the results and is as it was otherwise. */
static void check_call(unsigned cpu, const struct model_area *area, const struct model_call *call, struct vmsa *content)
{
	static const uint8_t none;
	struct model_answer answer;
	struct vmsa result;

	expect(area->calling, &none, sizeof(none));
	answer = predict(cpu, call);
	require(run_monitor(cpu) == ENTERED);
	read_area(area, &result);
	require(is_allowed(&answer, result.rax));
	content->rax = result.rax;
	content->rcx = answer.rcx;
	content->rdx = answer.rdx;
	content->r8 = answer.r8;
	content->exit_code = 0;
	require(memcmp(&result, content, sizeof(result)) == 0);
	if (area->save != 0)
		expect(area->save, content, sizeof(*content));
	expect_writes(call, &answer);
}

/* A call through the run loop, as on hardware. What the monitor cannot reach holds no request. */
static void guest_call(unsigned cpu, const struct model_call *call)
{
	const struct model_area *chosen = choose_area(cpu, next_byte());
	struct model_area area;
	struct vmsa content;

	if (chosen == NULL) {
		require(run_monitor(cpu) == way_out(cpu));
		return;
	}
	area = *chosen; /* the call may change it */
	make_request(&area, call, &content);
	if (!reaches_area(&area) || !model_reaches(&model, area.calling)) {
		require(run_monitor(cpu) == way_out(cpu));
		return;
	}
	model_switch(&model, &model.cpu[cpu], (int)(chosen - model.cpu[cpu].area));
	check_call(cpu, &area, call, &content);
}

/* The host brings the monitor back, and there is no request: one half of it at most. */
static void guest_resumes(unsigned cpu)
{
	const struct model_area *area = choose_area(cpu, next_byte());
	static const uint64_t exits[] = { 0, 0x60, VMGEXIT, 0x400 };
	struct vmsa content;
	uint8_t pending;

	if (area == NULL) {
		require(run_monitor(cpu) == way_out(cpu));
		return;
	}
	stop_running(area);
	read_area(area, &content);
	content.exit_code = exits[next_byte() % 4u];
	pending = content.exit_code == VMGEXIT ? 0 : next_byte();
	put_area(area, &content);
	put(area->calling, &pending, sizeof(pending));
	require(run_monitor(cpu) == way_out(cpu));
	compare_memory();
	content.exit_code = 0;
	put_area(area, &content);
}

/* ---- what the host does ---- */

static void host_moves(void)
{
	uint64_t address = align_down(next_address(), PAGE_SIZE);
	bool gives = next_byte() % 2u == 0;
	static uint8_t fill[PAGE_SIZE];

	if (model_find(&model, address) == NULL)
		return;
	model_host(&model, address, gives);
	if (gives)
		mock_host_give(address);
	else
		mock_host_take(address);
	memset(fill, MOCK_RAM_FILL, sizeof(fill));
	if (gives)
		expect(address, fill, sizeof(fill));
}

/* Another processor runs a save area, or stops it. */
static void host_runs(void)
{
	const struct model_area *area = choose_area(next_byte() % MODEL_CPUS, next_byte());

	if (area == NULL || area->save == 0 || !model_reaches(&model, area->save))
		return;
	model_page(&model, area->save)->runs = !model_page(&model, area->save)->runs;
	mock_page(area->save)->running = model_page(&model, area->save)->runs;
}

/* What is not validated is the host's to write to: so a page that is not zeroed shows. */
static void host_scribbles(void)
{
	for (uint64_t i = 0; i < 2u * POOL_PAGES; i++) {
		uint64_t address = (i < POOL_PAGES ? POOL_A : POOL_B) + i % POOL_PAGES * PAGE_SIZE;

		if (model_state(&model, address) == MODEL_FREE && *expected(address) != MOCK_RAM_FILL) {
			memset(expected(address), MOCK_RAM_FILL, PAGE_SIZE);
			memset(mock_memory(address), MOCK_RAM_FILL, PAGE_SIZE);
		}
	}
}

/* ---- instructions that fault half-way ---- */

/* What may have become of a page that the call names; every other page is as it was. */
static bool may_become(uint32_t number, enum model_state was, enum model_state is)
{
	if (was == is)
		return true;
	switch (number) {
	case 1:
		return (was == MODEL_FREE || was == MODEL_GIVEN) && (is == MODEL_FREE || is == MODEL_GIVEN || is == MODEL_LOST);
	case 2:
		return was == MODEL_GIVEN && (is == MODEL_SAVE || is == MODEL_CALLING || is == MODEL_LOST);
	case 3:
		return (was == MODEL_SAVE && (is == MODEL_GIVEN || is == MODEL_LOST)) || (was == MODEL_CALLING && is == MODEL_GIVEN);
	default:
		return (was == MODEL_GIVEN && is == MODEL_CALLING) || (was == MODEL_CALLING && is == MODEL_GIVEN);
	}
}

/* The pages as the monitor has them after a call that ended half-way: each within its bounds. */
NOT_COUNTED static void adopt_pages(const struct model_call *call)
{
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		uint64_t address = MODEL_BASE + i * PAGE_SIZE;
		enum model_state is = observed(address), was = (enum model_state)before.page[i].state;
		bool named = model.page[i].state != was || model.page[i].zeroed || model.page[i].unknown || call->number == 1 ||
			     address == call->rcx;

		require(is == was || (named && may_become(call->number, was, is)));
		model.page[i].state = (uint8_t)is;
		require(is != MODEL_FREE || !mock_rmp[i].validated);
		require(is != MODEL_SAVE || (mock_rmp[i].perms[MODEL_LEVEL] & 2u) == 0);
		model.page[i].valid = mock_rmp[i].validated;
		model.page[i].large = mock_rmp[i].size_2m;
		ever[i] |= model.page[i].zeroed || model.page[i].unknown;
		model.page[i].zeroed = model.page[i].unknown = false;
	}
}

/* Areas whose page is no save area any more are gone, with their calling areas; no area is new. */
static void adopt_areas(void)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		struct model_cpu *cpu = &model.cpu[i];

		*cpu = before.cpu[i];
		for (unsigned j = 0; j < MODEL_AREAS; j++) {
			if (!cpu->area[j].used || model_state(&model, cpu->area[j].save) == MODEL_SAVE)
				continue;
			cpu->area[j].used = false;
			cpu->present = cpu->present == (int)j ? -1 : cpu->present;
		}
	}
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		if (model.page[i].state == MODEL_SAVE)
			require(before.page[i].state == MODEL_SAVE);
	}
}

/* Memory of pages that stay the guest's may hold zeros, a cleared header or another index: nothing else is judged here. */
static void adopt_memory(void)
{
	memcpy(shadow[0], mock_memory(POOL_A), sizeof(shadow[0]));
	memcpy(shadow[1], mock_memory(POOL_B), sizeof(shadow[1]));
}

static void check_faulted(const struct model_call *call, const struct model_answer *answer, const struct vcpu_call *result)
{
	require(result->rcx == answer->rcx && result->rdx == answer->rdx && result->r8 == answer->r8);
	if (mock_fault_countdown != 0 && is_allowed(answer, result->rax)) {
		expect_writes(call, answer);
		return; /* the fault was not reached */
	}
	require(is_allowed(answer, result->rax) || result->rax == MODEL_BAD_ADDRESS);
	if (result->rax == MODEL_SUCCESS) {
		expect_writes(call, answer);
		return;
	}
	adopt_pages(call);
	adopt_areas();
	adopt_memory();
}

static void faulting_call(unsigned cpu, const struct model_call *call)
{
	struct vcpu_call registers = { .rax = (uint64_t)call->protocol << 32 | call->number,
				       .rcx = call->rcx,
				       .rdx = call->rdx,
				       .r8 = call->r8 };
	struct model_answer answer;

	if (model.cpu[cpu].present < 0)
		return;
	memcpy(&before, &model, sizeof(before));
	answer = predict(cpu, call);
	mock_fault_countdown = 1 + next_byte() % 16u;
	protocol_call(monitor_cpu(cpu), &registers);
	check_faulted(call, &answer, &registers);
	mock_fault_countdown = 0;
	guest_flush(); /* on the way to the guest */
}

/* ---- one input ---- */

NOT_COUNTED static void restore_memory(void)
{
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		if (ever[i] != 0)
			memset(&mock_ram[i * PAGE_SIZE], MOCK_RAM_FILL, PAGE_SIZE);
		ever[i] = 0;
	}
	memset(shadow, MOCK_RAM_FILL, sizeof(shadow));
}

static void prepare(void)
{
	enum page_state found;

	restore_memory();
	mock_reset_states();
	model_init(&model, platform_guest_features());
	memset(shadow[0], 0, FIRST_GIVEN * PAGE_SIZE); /* POOL_A */
	for (uint64_t i = 0; i < FIRST_GIVEN; i++) {
		mock_give(POOL_A + i * PAGE_SIZE);
		model_set(&model, POOL_A + i * PAGE_SIZE, 1, MODEL_GIVEN);
		ever[(POOL_A - MODEL_BASE) / PAGE_SIZE + i] = 1;
	}
	own = monitor_cpu(0)->vmsa;
	own->efer = EFER_SVME;
	monitor_cpu(0)->caa = gpa(CAA);
	require(page_state_claim(&memory_pages, gpa(CAA), false, PAGE_VALIDATED, &found) == 0);
	page_state_settle(&memory_pages, gpa(CAA), false, PAGE_CAA);
	model_page(&model, CAA)->state = MODEL_CALLING;
	model.cpu[0].area[MODEL_OWN].calling = CAA;
	mock_guest = entered;
	mock_idle = waits;
}

static void step(void)
{
	uint8_t kind = next_byte();
	unsigned cpu = kind / 16u % MODEL_CPUS;
	struct model_call call;

	switch (kind % 16u) {
	case 0:
		host_moves();
		return;
	case 1:
		host_runs();
		return;
	case 2:
		guest_resumes(cpu);
		return;
	case 3:
	case 4:
		call = next_call();
		faulting_call(cpu, &call);
		return;
	default:
		call = next_call();
		guest_call(cpu, &call);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool fresh;

	if (!fresh)
		mock_reset();
	fresh = true;
	input = data;
	left = size;
	prepare();
	while (left > 0) {
		step();
		compare_pools();
		compare_memory();
		for (unsigned i = 0; i < MODEL_CPUS; i++)
			compare_present(i);
		host_scribbles();
	}
	compare_all();
	return 0;
}
