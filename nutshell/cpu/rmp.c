/* SPDX-License-Identifier: MIT */
/* The reverse map (APM volume 2, 15.36.3): one entry for each 4 KiB page of RAM. */
#include "lib/string.h"
#include "nutshell/cpu/cpu.h"
#include "nutshell/cpu/memory.h"

#define IN_USE_MAX (MACHINE_VCPU_MAX)
#define PERMS_ALL 0xFu

static struct rmp_entry *table;
static uint64_t in_use[IN_USE_MAX];
static uint64_t scramble_counter;

void rmp_init(void)
{
	uint64_t count = memory_page_count();

	table = machine_alloc_pages(align_up(count * sizeof(table[0]), PAGE_SIZE) / PAGE_SIZE);
	for (uint64_t i = 0; i < count; i++)
		table[i].perms[0] = PERMS_ALL;
}

struct rmp_entry *rmp_entry(uint64_t gpa)
{
	uint64_t index = memory_page_index(gpa);

	return index == ~0ull ? NULL : &table[index];
}

const struct rmp_entry *rmp_lookup(uint64_t gpa)
{
	return rmp_entry(gpa);
}

bool rmp_in_use(uint64_t gpa)
{
	for (uint32_t i = 0; i < IN_USE_MAX; i++) {
		if (in_use[i] != 0 && in_use[i] == align_down(gpa, PAGE_SIZE))
			return true;
	}
	return false;
}

void rmp_set_in_use(uint64_t gpa, bool set)
{
	for (uint32_t i = 0; i < IN_USE_MAX; i++) {
		if (in_use[i] == (set ? 0 : gpa)) {
			in_use[i] = set ? gpa : 0;
			/* While it was in use it was mapped read-only: that may stay, the next write is a fault that mends it. */
			if (set)
				npt_drop_at_once(gpa, false);
			return;
		}
	}
}

/*
 * What was written through one key is noise through another. The pattern depends on the address and on how often pages
 * changed hands, so that no test can rely on it.
 */
static void scramble(uint64_t gpa)
{
	uint64_t *word = machine_ram_page(gpa);
	uint64_t value = (gpa + ++scramble_counter) * 0x9E3779B97F4A7C15ull;

	for (uint32_t i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		word[i] = value + i * 0xD1342543DE82EF95ull;
}

static void reset_entry(struct rmp_entry *entry, bool assigned, bool size_2m)
{
	*entry = (struct rmp_entry){ .assigned = assigned, .size_2m = size_2m };
	entry->perms[0] = PERMS_ALL;
}

int rmp_update(uint64_t gpa, bool size_2m, bool assigned)
{
	uint64_t size = size_2m ? PAGE_SIZE_2M : PAGE_SIZE;

	gpa = align_down(gpa, size);
	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE) {
		if (rmp_entry(at) == NULL)
			return ERR_ADDRESS;
		if (rmp_in_use(at))
			return ERR_STATE;
	}
	stats_rmp(STATS_RMP_UPDATE);
	if (!size_2m)
		(void)rmp_psmash(gpa);
	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE) {
		struct rmp_entry *entry = rmp_entry(at);
		bool was_assigned = entry->assigned != 0;

		reset_entry(entry, assigned, size_2m && assigned);
		if (was_assigned != assigned)
			scramble(at);
	}
	npt_drop_at_once(gpa, size_2m);
	return 0;
}

int rmp_psmash(uint64_t gpa)
{
	const struct rmp_entry *entry = rmp_entry(gpa);

	if (entry == NULL)
		return ERR_ADDRESS;
	if (entry->size_2m == 0)
		return 0;
	stats_rmp(STATS_RMP_PSMASH);
	gpa = align_down(gpa, PAGE_SIZE_2M);
	for (uint64_t at = gpa; at < gpa + PAGE_SIZE_2M; at += PAGE_SIZE)
		rmp_entry(at)->size_2m = 0;
	npt_drop_at_once(gpa, true);
	return 0;
}

int rmp_launch_page(uint64_t gpa, bool vmsa)
{
	struct rmp_entry *entry = rmp_entry(gpa);

	if (entry == NULL)
		return ERR_ADDRESS;
	reset_entry(entry, true, false);
	entry->validated = 1;
	entry->vmsa = vmsa;
	npt_drop_at_once(gpa, false);
	return 0;
}

void rmp_set_validated(uint64_t gpa, bool size_2m, bool validated)
{
	uint64_t size = size_2m ? PAGE_SIZE_2M : PAGE_SIZE;

	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE)
		rmp_entry(at)->validated = validated;
	(void)npt_drop(gpa, size_2m);
}

void rmp_set_permissions(uint64_t gpa, bool size_2m, uint32_t vmpl, uint8_t perms, bool vmsa)
{
	uint64_t size = size_2m ? PAGE_SIZE_2M : PAGE_SIZE;

	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE) {
		struct rmp_entry *entry = rmp_entry(at);

		entry->perms[vmpl] = perms;
		entry->vmsa = vmsa;
	}
	(void)npt_drop(gpa, size_2m);
}
