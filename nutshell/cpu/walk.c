/* SPDX-License-Identifier: MIT */
/* Walking the guest's page tables, as the processor would: 4-level, 32-bit PAE is not used by any client. */
#include "lib/string.h"
#include "nutshell/cpu/cpu.h"
#include "nutshell/cpu/memory.h"

#define PTE_PRESENT 1ull
#define PTE_WRITABLE 2ull
#define PTE_LARGE 0x80ull
#define PTE_ADDRESS 0x000FFFFFFFFFF000ull

static uint64_t user_spaces[MACHINE_USER_SPACES];

static bool walk_tables(uint64_t root, uint64_t address, struct walk *walk)
{
	uint64_t c_bit = 1ull << machine_c_bit();
	uint64_t table = root & PTE_ADDRESS & ~c_bit;

	*walk = (struct walk){ .writable = true, .encrypted = true, .size = PAGE_SIZE };
	for (uint32_t level = 4; level > 0; level--) {
		uint32_t shift = 12u + 9u * (level - 1u);
		const uint64_t *entries = machine_ram_page(table);
		uint64_t entry;

		if (entries == NULL)
			return false;
		entry = entries[address >> shift & 511u];
		if ((entry & PTE_PRESENT) == 0)
			return false;
		walk->writable = walk->writable && (entry & PTE_WRITABLE) != 0;
		if (level == 1 || (level < 4 && (entry & PTE_LARGE) != 0)) {
			uint64_t mask = (1ull << shift) - 1u;

			walk->gpa = ((entry & PTE_ADDRESS & ~c_bit) & ~mask) | (address & mask);
			walk->encrypted = (entry & c_bit) != 0;
			walk->size = mask + 1u;
			return true;
		}
		table = entry & PTE_ADDRESS & ~c_bit;
	}
	return false;
}

bool walk_guest(const struct vcpu *vcpu, uint64_t address, struct walk *walk)
{
	const struct vmsa *save = vmcb_save(vcpu);

	if ((save->cr0 >> 31 & 1u) != 0)
		return walk_tables(save->cr3, address, walk);
	*walk = (struct walk){ .gpa = address, .writable = true, .encrypted = true, .size = PAGE_SIZE };
	return true;
}

void walk_note_user(const struct vcpu *vcpu)
{
	uint64_t root = vmcb_save(vcpu)->cr3;

	for (uint32_t i = 0; i < MACHINE_USER_SPACES; i++) {
		if (user_spaces[i] == 0)
			user_spaces[i] = root;
		if (user_spaces[i] == root)
			return;
	}
}

const uint8_t *machine_user_memory(uint32_t space, uint64_t address)
{
	struct walk walk;
	const uint8_t *page;

	if (space >= MACHINE_USER_SPACES || user_spaces[space] == 0 || !walk_tables(user_spaces[space], address, &walk))
		return NULL;
	page = machine_ram_page(walk.gpa);
	return page == NULL ? NULL : page + (walk.gpa & PAGE_MASK);
}

static uint8_t *locate(const struct vcpu *vcpu, uint64_t address, uint64_t size, uint64_t *chunk)
{
	struct walk walk;
	uint64_t room = PAGE_SIZE - (address & PAGE_MASK);
	uint8_t *page;

	if (!walk_guest(vcpu, address, &walk))
		return NULL;
	page = machine_ram_page(walk.gpa);
	*chunk = size < room ? size : room;
	return page == NULL ? NULL : page + (walk.gpa & PAGE_MASK);
}

bool guest_read_virtual(const struct vcpu *vcpu, uint64_t address, void *out, uint64_t size)
{
	uint8_t *to = out;

	while (size > 0) {
		uint64_t chunk;
		const uint8_t *from = locate(vcpu, address, size, &chunk);

		if (from == NULL)
			return false;
		memcpy(to, from, chunk);
		to += chunk;
		address += chunk;
		size -= chunk;
	}
	return true;
}

bool guest_write_virtual(const struct vcpu *vcpu, uint64_t address, const void *data, uint64_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		uint64_t chunk;
		uint8_t *to = locate(vcpu, address, size, &chunk);

		if (to == NULL)
			return false;
		memcpy(to, from, chunk);
		from += chunk;
		address += chunk;
		size -= chunk;
	}
	return true;
}
