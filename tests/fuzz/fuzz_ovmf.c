/* SPDX-License-Identifier: MIT */
/* Reader of OVMF's tables. Odd inputs replace the descriptors and the table of a right file, its footer stays. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/ovmf.h"
#include "tests/unit/exact_copy.h"
#include "tests/unit/ovmf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ovmf *ovmf)
{
	uint64_t previous = 0;

	for (uint32_t i = 0; i < ovmf->section_count; i++) {
		const struct ovmf_section *section = &ovmf->section[i];

		if (!is_aligned(section->gpa | section->size, PAGE_SIZE) || section->gpa < previous ||
		    !range_within(section->gpa, section->size, 0, ovmf->gpa))
			abort();
		previous = section->gpa + section->size;
	}
	if (ovmf->section_count < 2 || ovmf->section_count > OVMF_SECTION_MAX)
		abort();
	if (ovmf->memory_map.size % 24 != 0 || ovmf->memory_map.gpa + ovmf->memory_map.size > ovmf->gpa ||
	    ovmf->vp_count.gpa + ovmf->vp_count.size > ovmf->gpa)
		abort();
}

static void read_file(const uint8_t *data, size_t size)
{
	uint8_t *copy = exact_copy(data, size);
	struct ovmf_error error;
	uint64_t variables = ovmf_variables_size(copy, size);
	struct ovmf ovmf;

	if (!is_aligned(variables, PAGE_SIZE) || (variables != 0 && variables >= size))
		abort();
	if (ovmf_open(&ovmf, copy, size, &error) == 0)
		check(&ovmf);
	free(copy);
}

/* Writes count bytes at offset, as far as there are some. */
static void replace(struct ovmf_file *file, uint32_t offset, uint32_t count, const uint8_t **data, size_t *size)
{
	size_t part = *size < count ? *size : count;

	memcpy(file->data + offset, *data, part);
	*data += part;
	*size -= part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ovmf_file file;
	const uint32_t table = OVMF_FILE_SIZE - OVMF_FOOTER_FROM_END - 2;
	uint8_t kind;

	if (size == 0)
		return 0;
	kind = data[0];
	data++;
	size--;
	ovmf_file_make(&file);
	if ((kind & 1) != 0)
		replace(&file, OVMF_FILE_SEV + 12, 4 + 12 * 8, &data, &size);
	if ((kind & 2) != 0)
		replace(&file, OVMF_FILE_IGVM + 12, 4 + 12 * 5, &data, &size);
	if ((kind & 4) != 0)
		replace(&file, file.table, table - file.table, &data, &size);
	if ((kind & 8) != 0)
		replace(&file, table, 2, &data, &size);
	if ((kind & 15) != 0)
		read_file(file.data, sizeof(file.data));
	else
		read_file(data, size);
	return 0;
}
