/* SPDX-License-Identifier: MIT */
/*
 * core_model.h - what the Core protocol's calls must do, as an executable model: pages, save areas and calling areas in
 * data of its own, and rules written from the protocol's text (docs/svsm-protocol.md), not from the monitor. It shares no
 * header with the monitor; numbers are written down again.
 *
 * Given a call and what the hardware and the host make of each page, a rule predicts the result code, the registers, the
 * state of every page, the vCPUs' areas and what is written to memory. Where the text leaves the order of checks open, a
 * call that is wrong in several ways may be answered with any of their codes.
 */
#ifndef TESTS_FUZZ_CORE_MODEL_H
#define TESTS_FUZZ_CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_BASE 0x00100000ull
#define MODEL_PAGES 4096u
#define MODEL_PAGE 4096ull
#define MODEL_BLOCK_PAGES 512u
#define MODEL_BLOCK (MODEL_BLOCK_PAGES * MODEL_PAGE)
#define MODEL_CPUS 2u
#define MODEL_AREAS 4u
#define MODEL_OWN MODEL_AREAS /* the area that the first vCPU starts from: in the monitor's memory */
#define MODEL_LEVEL 2u
#define MODEL_SVME (1ull << 12)
#define MODEL_WORK 8192u /* pages of one list before the guest runs again */

#define MODEL_SUCCESS 0ull
#define MODEL_INCOMPLETE 0x80000000ull
#define MODEL_NO_PROTOCOL 0x80000001ull
#define MODEL_NO_CALL 0x80000002ull
#define MODEL_BAD_ADDRESS 0x80000003ull
#define MODEL_BAD_PARAMETER 0x80000005ull
#define MODEL_BAD_REQUEST 0x80000006ull
#define MODEL_BUSY 0x80000007ull
#define MODEL_IN_USE 0x80001003ull
#define MODEL_SIZE_MISMATCH 0x80001006ull
#define MODEL_NO_CHANGE 0x80001010ull

enum model_state {
	MODEL_FREE,    /* RAM, not validated */
	MODEL_GIVEN,   /* validated, the guest's */
	MODEL_CALLING, /* validated, the guest's, and a calling area */
	MODEL_SAVE,    /* a save area: the guest can read it */
	MODEL_LOST,    /* neither taken back nor given, for ever: the guest cannot reach it */
	MODEL_NOWHERE, /* no RAM */
};

struct model_page {
	uint8_t state;
	bool large;   /* its entry in the reverse map covers 2 MiB */
	bool there;   /* the host provides it */
	bool valid;   /* validated in hardware: no longer so when the host took it */
	bool runs;    /* a save area that a processor runs */
	bool zeroed;  /* by the last call: it must be all zero */
	bool unknown; /* by the last call: as it was, or all zero */
};

struct model_area {
	bool used;
	uint64_t save, calling;
};

struct model_cpu {
	struct model_area area[MODEL_AREAS + 1];
	int present; /* the area that its calls come from; -1: none */
};

struct core_model {
	struct model_page page[MODEL_PAGES];
	struct model_cpu cpu[MODEL_CPUS];
	uint64_t features; /* that a save area must name */
};

struct model_call {
	uint32_t protocol, number;
	uint64_t rcx, rdx, r8;
};

/* What a save area says of itself. */
struct model_claims {
	uint8_t level;
	uint64_t efer, features;
};

struct model_answer {
	uint64_t result[8]; /* any of these */
	unsigned results;
	uint64_t rcx, rdx, r8;
	bool writes_next; /* PVALIDATE: the list's index of the first entry that is not done */
	uint16_t next;
	uint64_t cleared; /* REMAP_CA: calling area whose header is cleared; 0: none */
	uint64_t made, unmade; /* save area that began, or ended, to be one; 0: none */
};

static inline void model_init(struct core_model *model, uint64_t features)
{
	memset(model, 0, sizeof(*model));
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		uint64_t block = (MODEL_BASE + i * MODEL_PAGE) / MODEL_BLOCK * MODEL_BLOCK;

		model->page[i].there = true;
		model->page[i].large = block >= MODEL_BASE && block + MODEL_BLOCK <= MODEL_BASE + MODEL_PAGES * MODEL_PAGE;
	}
	model->features = features;
	model->cpu[0].present = MODEL_OWN;
	model->cpu[0].area[MODEL_OWN].used = true;
	model->cpu[1].present = -1;
}

/* The page that holds an address, or NULL when that is no RAM. */
static inline struct model_page *model_find(struct core_model *model, uint64_t address)
{
	uint64_t index = (address - MODEL_BASE) / MODEL_PAGE;

	return address >= MODEL_BASE && index < MODEL_PAGES ? &model->page[index] : NULL;
}

/* The page of an address that is known to be RAM. */
static inline struct model_page *model_page(struct core_model *model, uint64_t address)
{
	struct model_page *page = model_find(model, address);

	if (page == NULL)
		abort();
	return page;
}

static inline enum model_state model_state(struct core_model *model, uint64_t address)
{
	const struct model_page *page = model_find(model, address);

	return page == NULL ? MODEL_NOWHERE : (enum model_state)page->state;
}

/* The hardware lets the monitor reach it. */
static inline bool model_reaches(struct core_model *model, uint64_t address)
{
	const struct model_page *page = model_find(model, address);

	return page != NULL && page->there && page->valid;
}

/* The monitor reads and writes guest memory that the guest has, but for the first 8 bytes of a calling area. */
static inline bool model_may_access(struct core_model *model, uint64_t address)
{
	enum model_state state = model_state(model, address);

	return model_reaches(model, address) &&
	       (state == MODEL_GIVEN || (state == MODEL_CALLING && address % MODEL_PAGE >= 8));
}

/* An operation on 4 KiB of a large entry breaks it up. */
static inline void model_break(struct core_model *model, uint64_t address)
{
	if (!model_page(model, address)->large)
		return;
	for (uint64_t i = 0; i < MODEL_BLOCK_PAGES; i++)
		model_page(model, address / MODEL_BLOCK * MODEL_BLOCK + i * MODEL_PAGE)->large = false;
}

static inline void model_host(struct core_model *model, uint64_t address, bool gives)
{
	model_break(model, address);
	model_page(model, address)->there = gives;
	model_page(model, address)->valid = false;
	model_page(model, address)->runs = false;
}

static inline void model_may(struct model_answer *answer, uint64_t result)
{
	answer->result[answer->results++] = result;
}

/* ---- PVALIDATE ---- */

static inline void model_set(struct core_model *model, uint64_t address, uint64_t count, enum model_state state)
{
	for (uint64_t i = 0; i < count; i++) {
		struct model_page *page = model_page(model, address + i * MODEL_PAGE);

		page->state = (uint8_t)state;
		page->valid = state == MODEL_GIVEN;
	}
}

static inline void model_zero(struct core_model *model, uint64_t address, uint64_t count, bool sure)
{
	for (uint64_t i = 0; i < count; i++) {
		struct model_page *page = model_page(model, address + i * MODEL_PAGE);

		page->zeroed = page->zeroed || sure;
		page->unknown = page->unknown || !sure;
	}
}

/* The pages that an entry names are all FREE or all GIVEN, and *state says which; else the code of the refusal. */
static inline uint64_t model_common_state(struct core_model *model, uint64_t address, uint64_t count, enum model_state *state)
{
	unsigned found[MODEL_NOWHERE + 1] = { 0 };

	for (uint64_t i = 0; i < count; i++)
		found[model_state(model, address + i * MODEL_PAGE)]++;
	if (found[MODEL_NOWHERE] + found[MODEL_CALLING] + found[MODEL_SAVE] + found[MODEL_LOST] != 0)
		return MODEL_BAD_ADDRESS;
	if (found[MODEL_FREE] != 0 && found[MODEL_GIVEN] != 0)
		return MODEL_SIZE_MISMATCH;
	*state = found[MODEL_FREE] != 0 ? MODEL_FREE : MODEL_GIVEN;
	return MODEL_SUCCESS;
}

/* What the hardware says of an instruction on the first page, in the size of the entry. */
static inline uint64_t model_instruction(struct core_model *model, uint64_t address, uint64_t count, bool needs_valid)
{
	const struct model_page *page = model_page(model, address);

	if (!page->there || (needs_valid && !page->valid))
		return MODEL_BAD_ADDRESS;
	if (count != 1 && !page->large)
		return MODEL_SIZE_MISMATCH;
	if (count == 1)
		model_break(model, address);
	return MODEL_SUCCESS;
}

/* Zeroing comes first, then the grant: with the wrong size nothing is granted, and the content is open. */
static inline uint64_t model_grant_again(struct core_model *model, uint64_t address, uint64_t count)
{
	uint64_t result;

	for (uint64_t i = 0; i < count; i++) {
		if (!model_reaches(model, address + i * MODEL_PAGE))
			return MODEL_BAD_ADDRESS;
	}
	result = model_instruction(model, address, count, true);
	model_zero(model, address, count, result == MODEL_SUCCESS);
	return result;
}

static inline uint64_t model_entry(struct core_model *model, uint64_t raw, uint64_t *work)
{
	uint64_t address = raw >> 12 << 12, count = (raw & 1) != 0 ? MODEL_BLOCK_PAGES : 1, result;
	bool validate = (raw & 4) != 0, ignore = (raw & 8) != 0;
	enum model_state state = MODEL_FREE;

	if ((raw & 0xFF2) != 0 || address % (count * MODEL_PAGE) != 0)
		return MODEL_BAD_PARAMETER;
	if (*work >= MODEL_WORK)
		return MODEL_INCOMPLETE;
	*work += count;
	result = model_common_state(model, address, count, &state);
	if (result != MODEL_SUCCESS)
		return result;
	if (validate == (state == MODEL_GIVEN)) {
		if (!ignore)
			return MODEL_NO_CHANGE;
		return validate ? model_grant_again(model, address, count) : MODEL_SUCCESS;
	}
	result = model_instruction(model, address, count, !validate);
	if (result != MODEL_SUCCESS)
		return result;
	model_set(model, address, count, validate ? MODEL_GIVEN : MODEL_FREE);
	if (validate)
		model_zero(model, address, count, true);
	return MODEL_SUCCESS;
}

/* entry: the list's content as it is before the call, as far as it lies in RAM. */
static inline void model_pvalidate(struct core_model *model, uint64_t request, uint16_t entries, uint16_t next,
				   const uint64_t *entry, struct model_answer *answer)
{
	uint64_t room = MODEL_PAGE - request % MODEL_PAGE, work = 0, result = MODEL_SUCCESS;

	if (request % 8 != 0 || room < 16)
		model_may(answer, MODEL_BAD_PARAMETER);
	if (!model_may_access(model, request))
		model_may(answer, MODEL_BAD_ADDRESS);
	if (answer->results != 0)
		return;
	if (entries == 0 || entries > (room - 8) / 8 || next >= entries) {
		model_may(answer, MODEL_BAD_PARAMETER);
		return;
	}
	while (next < entries && result == MODEL_SUCCESS) {
		result = model_entry(model, entry[next], &work);
		next = (uint16_t)(next + (result == MODEL_SUCCESS ? 1 : 0));
	}
	answer->writes_next = model_may_access(model, request);
	answer->next = next;
	model_may(answer, answer->writes_next || result != MODEL_SUCCESS ? result : MODEL_BAD_ADDRESS);
}

/* ---- save areas and calling areas ---- */

/* Is the page the calling area of one of this vCPU's areas? */
static inline bool model_calls_through(const struct model_cpu *cpu, uint64_t calling)
{
	for (unsigned i = 0; i <= MODEL_AREAS; i++) {
		if (cpu->area[i].used && cpu->area[i].calling == calling)
			return true;
	}
	return false;
}

/* A page that no area has as its calling area any more is ordinary memory. */
static inline void model_release(struct core_model *model, uint64_t calling)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		for (unsigned j = 0; j <= MODEL_AREAS; j++) {
			if (model->cpu[i].area[j].used && model->cpu[i].area[j].calling == calling)
				return;
		}
	}
	model_page(model, calling)->state = MODEL_GIVEN;
}

/* A call comes from an area: it is the present one. The first vCPU's own is gone for good once it was left. */
static inline void model_switch(struct core_model *model, struct model_cpu *cpu, int index)
{
	bool leaves_own = cpu->present == (int)MODEL_OWN && index != (int)MODEL_OWN;

	cpu->present = index;
	if (!leaves_own)
		return;
	cpu->area[MODEL_OWN].used = false;
	model_release(model, cpu->area[MODEL_OWN].calling);
}

static inline void model_remap(struct core_model *model, struct model_cpu *cpu, uint64_t address, struct model_answer *answer)
{
	struct model_area *area = &cpu->area[cpu->present];
	uint64_t old = area->calling;

	if (address == old) {
		model_may(answer, MODEL_SUCCESS);
		return;
	}
	if (address % MODEL_PAGE != 0)
		model_may(answer, MODEL_BAD_PARAMETER);
	if (model_state(model, address) != MODEL_GIVEN || !model_reaches(model, address))
		model_may(answer, MODEL_BAD_ADDRESS);
	if (answer->results != 0)
		return;
	model_page(model, address)->state = MODEL_CALLING;
	area->calling = address;
	model_release(model, old);
	answer->cleared = address;
	model_may(answer, MODEL_SUCCESS);
}

static inline void model_refuse_create(struct core_model *model, const struct model_call *call, struct model_answer *answer)
{
	uint32_t id = (uint32_t)call->r8;
	enum model_state calling = model_state(model, call->rdx);
	unsigned used = 0;

	if (call->rcx % MODEL_PAGE != 0 || call->rdx % MODEL_PAGE != 0 || id >= MODEL_CPUS)
		model_may(answer, MODEL_BAD_PARAMETER);
	if (call->rcx == call->rdx || model_state(model, call->rcx) != MODEL_GIVEN ||
	    (calling != MODEL_GIVEN &&
	     !(calling == MODEL_CALLING && id < MODEL_CPUS && model_calls_through(&model->cpu[id], call->rdx))))
		model_may(answer, MODEL_BAD_ADDRESS);
	for (unsigned i = 0; id < MODEL_CPUS && i < MODEL_AREAS; i++)
		used += model->cpu[id].area[i].used ? 1 : 0;
	if (used == MODEL_AREAS)
		model_may(answer, MODEL_BAD_REQUEST);
}

static inline void model_create(struct core_model *model, const struct model_call *call, const struct model_claims *claims,
				struct model_answer *answer)
{
	struct model_area *area;

	model_refuse_create(model, call, answer);
	if (answer->results != 0)
		return;
	if (!model_reaches(model, call->rcx)) {
		/* Its permissions cannot be taken away: it stays the guest's. */
		model_may(answer, MODEL_BAD_ADDRESS);
		return;
	}
	model_break(model, call->rcx);
	if (claims->level != MODEL_LEVEL || (claims->efer & MODEL_SVME) == 0 || claims->features != model->features) {
		model_may(answer, MODEL_BAD_PARAMETER);
		return;
	}
	for (area = model->cpu[(uint32_t)call->r8].area; area->used; area++)
		;
	*area = (struct model_area){ .used = true, .save = call->rcx, .calling = call->rdx };
	model_page(model, call->rcx)->state = MODEL_SAVE;
	model_page(model, call->rdx)->state = MODEL_CALLING;
	answer->made = call->rcx;
	model_may(answer, MODEL_SUCCESS);
}

static inline void model_delete_area(struct core_model *model, struct model_cpu *of, unsigned index)
{
	struct model_area area = of->area[index];

	of->area[index].used = false;
	if (of->present == (int)index)
		of->present = -1;
	model_page(model, area.save)->state = MODEL_GIVEN;
	model_release(model, area.calling);
}

static inline void model_delete(struct core_model *model, const struct model_cpu *caller, uint64_t save,
				struct model_answer *answer)
{
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		struct model_cpu *cpu = &model->cpu[i];

		for (unsigned j = 0; j < MODEL_AREAS; j++) {
			if (!cpu->area[j].used || cpu->area[j].save != save)
				continue;
			if (cpu == caller && cpu->present == (int)j) {
				model_may(answer, MODEL_IN_USE);
			} else if (!model_reaches(model, save)) {
				model_may(answer, MODEL_BAD_ADDRESS);
			} else if (model_page(model, save)->runs) {
				model_may(answer, MODEL_IN_USE);
				model_may(answer, MODEL_BUSY);
			} else {
				model_delete_area(model, cpu, j);
				answer->unmade = save;
				model_may(answer, MODEL_SUCCESS);
			}
			return;
		}
	}
	model_may(answer, MODEL_BAD_PARAMETER);
}

/* ---- the rest ---- */

/* Of the protocols, a monitor without services and without a security processor offers Core alone, in version 1. */
static inline void model_query(const struct model_call *call, struct model_answer *answer)
{
	answer->rcx = call->rcx == 1 ? 1ull << 32 | 1 : 0;
	model_may(answer, MODEL_SUCCESS);
}

static inline void model_vtom(const struct model_call *call, struct model_answer *answer)
{
	if ((call->rcx & 1) != 0)
		answer->rcx = 0;
	model_may(answer, (call->rcx & 1) != 0 ? MODEL_SUCCESS : MODEL_BAD_REQUEST);
}

#endif
