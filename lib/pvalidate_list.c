/* SPDX-License-Identifier: MIT */
#include "lib/pvalidate_list.h"

int pvalidate_list_capacity(gpa_t request, uint32_t *capacity)
{
	uint64_t room = PAGE_SIZE - (request.v & PAGE_MASK);

	if (!is_aligned(request.v, 8) || room < sizeof(struct svsm_pvalidate_header) + sizeof(uint64_t))
		return ERR_INVALID;
	*capacity = (uint32_t)((room - sizeof(struct svsm_pvalidate_header)) / sizeof(uint64_t));
	return 0;
}

int pvalidate_list_check(const struct svsm_pvalidate_header *header, uint32_t capacity)
{
	if (header->entries == 0 || header->entries > capacity || header->next >= header->entries)
		return ERR_INVALID;
	return 0;
}

int pvalidate_entry_decode(uint64_t raw, struct pvalidate_entry *entry)
{
	uint64_t size = raw & SVSM_PVALIDATE_SIZE_MASK;

	if ((raw & SVSM_PVALIDATE_RESERVED_MASK) != 0 || size > SVSM_PVALIDATE_SIZE_2M)
		return ERR_INVALID;
	entry->address = gpa(raw & ~PAGE_MASK);
	entry->size_2m = size == SVSM_PVALIDATE_SIZE_2M;
	entry->validate = (raw & SVSM_PVALIDATE_VALIDATE) != 0;
	entry->ignore_cf = (raw & SVSM_PVALIDATE_IGNORE_CF) != 0;
	if (entry->size_2m && !is_aligned(entry->address.v, PAGE_SIZE_2M))
		return ERR_INVALID;
	return 0;
}
