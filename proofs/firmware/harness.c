/* SPDX-License-Identifier: MIT */
/*
 * Sections of OVMF as they are put together: an entry is read, checked and put in its place, and an area that no section
 * covers gets one. What checking and placing do is shown by proofs/ovmf; here they may answer anything.
 */
#include "proofs/prover.h"

#include "lib/ovmf.c"

static struct ovmf ovmf;
static struct ovmf_error error;
static struct reader reader;

static int any_result(void)
{
	return any_bool() ? 0 : any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
}

/* A file of a size that ovmf_open() takes. */
static void any_file(void)
{
	uint64_t size = any_u64();

	ASSUME(size >= PAGE_SIZE && size <= OVMF_SIZE_MAX && is_aligned(size, PAGE_SIZE));
	reader = (struct reader){ .data = __CPROVER_allocate(size, 0), .size = size, .error = &error };
}

void prove_read(void)
{
	uint64_t offset = any_u64();

	any_file();
	ASSUME(offset <= reader.size - sizeof(struct ovmf_descriptor_entry));
	struct ovmf_descriptor_entry entry = read_entry(&reader, offset);

	PROVE(entry.base == read_u32(&reader, offset), "the address is the file's");
	PROVE(entry.size == read_u32(&reader, offset + 4) && entry.type == read_u32(&reader, offset + 8), "size and type behind it");
	CANARY("read");
}

/* ---- an entry ---- */

static struct ovmf_descriptor_entry wanted;
static uint64_t offset_of_wanted;
static bool checked, placed;
static int check_result, place_result;

static bool as_wanted(const struct ovmf_section *section)
{
	return section->gpa == wanted.base && section->size == wanted.size && section->type == wanted.type && section->offset == offset_of_wanted;
}

int stub_check_section(const struct ovmf *in, const struct reader *of, const struct ovmf_section *section, uint64_t offset)
{
	PROVE(in == &ovmf && of == &reader && as_wanted(section) && offset == offset_of_wanted, "what is checked is what the entry says");
	checked = true;
	return check_result = any_result();
}

int stub_insert_section(struct ovmf *in, const struct reader *of, const struct ovmf_section *section, uint64_t offset)
{
	PROVE(in == &ovmf && of == &reader && as_wanted(section) && offset == offset_of_wanted, "what is put in its place as well");
	PROVE(checked && check_result == 0 && !placed, "it was checked, and is put there once");
	placed = true;
	return place_result = any_result();
}

void prove_add(void)
{
	wanted = (struct ovmf_descriptor_entry){ any_u32(), any_u32(), any_u32() };
	offset_of_wanted = any_u64();
	int result = add_section(&ovmf, &reader, &wanted, offset_of_wanted);

	PROVE(checked && placed == (check_result == 0), "a section that is good is put in its place, no other");
	PROVE(result == (placed ? place_result : check_result), "a refusal is told");
	if (result == 0)
		CANARY("added");
	else if (placed)
		CANARY("no place");
	else
		CANARY("refused");
}

/* ---- an area ---- */

static struct ovmf_area area;
static bool asked, is_covered, added;
static int add_result;

bool stub_area_covered(const struct ovmf *in, const struct ovmf_area *its)
{
	PROVE(in == &ovmf && its == &area, "the area at hand");
	asked = true;
	return is_covered = any_bool();
}

int stub_add_section(struct ovmf *in, const struct reader *of, const struct ovmf_descriptor_entry *entry, uint64_t offset)
{
	PROVE(in == &ovmf && of == &reader && offset == offset_of_wanted && !added, "one section is added");
	PROVE(entry->base == area.gpa && entry->size == area.size && entry->type == OVMF_SEV_MEMORY, "it is the area, as memory that is zero");
	added = true;
	return add_result = any_result();
}

void prove_cover(void)
{
	/* What proofs/ovmf shows of the areas that are read. */
	area = (struct ovmf_area){ any_u32(), any_u32() };
	ovmf.section_count = any_u8() % (OVMF_SECTION_MAX + 1u);
	offset_of_wanted = any_u64();
	int result = cover_area(&ovmf, &reader, &area, offset_of_wanted);

	PROVE(asked && is_covered != added, "an area that is not covered gets a section, no other");
	PROVE(result == (added ? add_result : 0), "a refusal is told");
	if (result != 0)
		CANARY("refused");
	else if (added)
		CANARY("a section of its own");
	else
		CANARY("covered already");
}
