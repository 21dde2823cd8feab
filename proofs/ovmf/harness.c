/* SPDX-License-Identifier: MIT */
/*
 * The reader of OVMF's tables, on a file of any content. The table may have any length: its loop has a contract and is not
 * unwound. Of comparisons any result is possible.
 */
#include "proofs/prover.h"

#include "lib/ovmf.c"

static struct ovmf ovmf;
static struct ovmf_error error;
static struct reader reader;

int memcmp(const void *a, const void *b, size_t size)
{
	PROVE(__CPROVER_r_ok(a, size) && __CPROVER_r_ok(b, size), "what is compared is there");
	return any_int();
}

/* A file of a size that ovmf_open() takes. */
static void any_file(void)
{
	uint64_t size = any_u64();

	ASSUME(size >= PAGE_SIZE && size <= OVMF_SIZE_MAX && is_aligned(size, PAGE_SIZE));
	reader = (struct reader){ .data = __CPROVER_allocate(size, 0), .size = size, .error = &error };
	ovmf.gpa = OVMF_END - size;
	ovmf.size = size;
}

/* ---- the table ---- */

void prove_place(void)
{
	uint8_t guid[OVMF_GUID_SIZE];
	uint32_t size = 0;

	any_file();
	uint64_t *place = find_place(&reader, guid, &size);

	if (place == NULL) {
		PROVE(size == 0, "an entry that is skipped");
		CANARY("unknown");
		return;
	}
	PROVE(place == &reader.sev || place == &reader.igvm || place == &reader.reset || place == &reader.secret || place == &reader.hashes, "a place for an offset");
	PROVE(size == (place == &reader.secret || place == &reader.hashes ? 8 : 4), "with the length of its data");
	CANARY("known");
}

/* What prove_place() shows of it. */
uint64_t *stub_find_place(struct reader *of, const uint8_t *guid, uint32_t *data_size)
{
	PROVE(__CPROVER_r_ok(guid, OVMF_GUID_SIZE), "a GUID inside the file");
	if (any_bool())
		return NULL;
	*data_size = any_bool() ? 4 : 8;
	if (*data_size == 8)
		return any_bool() ? &of->secret : &of->hashes;
	return any_bool() ? &of->sev : any_bool() ? &of->igvm : &of->reset;
}

/* An entry that is taken has all of its data. */
void prove_entry(void)
{
	uint64_t start = any_u64(), guid = any_u64();

	any_file();
	ASSUME(guid <= reader.size - OVMF_GUID_SIZE && guid >= 2 && start <= guid - 2);
	reader.sev = any_u64();
	reader.secret = any_u64();
	uint64_t sev = reader.sev, secret = reader.secret;
	int result = take_entry(&reader, start, guid);

	if (result != 0) {
		PROVE(result == ERR_FORMAT && error.text != NULL && reader.sev == sev && reader.secret == secret, "a refusal has a reason, and takes nothing");
		CANARY("refused");
		return;
	}
	if (reader.sev != sev) {
		PROVE(sev == 0 && reader.sev == start && start + 4 == guid - 2, "taken once, with all of its data");
		CANARY("taken");
	}
	if (reader.secret != secret) {
		PROVE(secret == 0 && reader.secret == start && start + 8 == guid - 2, "the same for a longer one");
		CANARY("a longer one");
	}
}

/* What prove_entry() shows of it. */
int stub_take_entry(struct reader *of, uint64_t start, uint64_t guid)
{
	uint32_t data_size = 0;
	uint64_t *place = stub_find_place(of, of->data + guid, &data_size);

	PROVE(guid <= of->size - OVMF_GUID_SIZE && guid >= 2 && start <= guid - 2, "an entry inside the file");
	if (place == NULL)
		return 0;
	if (any_bool())
		return fail(of, ERR_FORMAT, "", start);
	ASSUME(start + data_size == guid - 2);
	*place = start;
	return 0;
}

void prove_table(void)
{
	any_file();
	int result = read_table(&reader);

	if (result != 0) {
		PROVE(result == ERR_FORMAT, "a documented error");
		CANARY("refused");
		return;
	}
	uint64_t end = reader.size - OVMF_TABLE_END_FROM_END;

	PROVE(reader.sev <= end && reader.igvm <= end && reader.reset <= end && reader.secret <= end && reader.hashes <= end, "what entries say lies inside, with 32 bytes behind it");
	CANARY("read");
}

/* ---- descriptors ---- */

void prove_descriptor(void)
{
	uint64_t pointer = any_u64(), first = 0;
	uint32_t count = 0;

	any_file();
	ASSUME(pointer <= reader.size - 4);
	int result = read_descriptor(&reader, pointer, OVMF_SEV_SIGNATURE, OVMF_SEV_VERSION, &first, &count);

	if (result != 0) {
		PROVE((result == ERR_FORMAT || result == ERR_UNSUPPORTED) && error.text != NULL && count == 0, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(first <= reader.size && count * 12ull <= reader.size - first, "all of its entries lie inside");
	if (count != 0)
		CANARY("entries");
}

/* ---- sections ---- */

static bool in_order(void)
{
	for (uint32_t i = 0; i < OVMF_SECTION_MAX; i++) {
		const struct ovmf_section *section = &ovmf.section[i];

		if (i < ovmf.section_count &&
		    (section->size == 0 || section->gpa > ovmf.gpa || section->size > ovmf.gpa - section->gpa))
			return false;
		if (i + 1 < ovmf.section_count && section[1].gpa < section->gpa + section->size)
			return false;
	}
	return true;
}

static void any_sections(void)
{
	__CPROVER_havoc_object(&ovmf);
	any_file();
	ovmf.section_count = any_u8() % (OVMF_SECTION_MAX + 1u);
	ASSUME(in_order());
}

void prove_insert(void)
{
	struct ovmf_section section;
	uint32_t i = any_u8() % OVMF_SECTION_MAX;

	any_sections();
	ASSUME(section.size != 0 && section.gpa <= ovmf.gpa && section.size <= ovmf.gpa - section.gpa);
	uint32_t count = ovmf.section_count;
	struct ovmf_section old = ovmf.section[i];
	int result = insert_section(&ovmf, &reader, &section, 0);

	PROVE(in_order() && ovmf.section_count == count + (result == 0), "sections are sorted, apart, and end below the image");
	if (result != 0) {
		CANARY("refused");
		return;
	}
	PROVE(IMPLIES(i < count, ovmf.section[i].gpa == old.gpa || ovmf.section[i + 1].gpa == old.gpa), "none is lost");
	CANARY("inserted");
}

void prove_check(void)
{
	struct ovmf_section section;
	uint32_t i = any_u8() % OVMF_SECTION_MAX;

	any_sections();
	if (check_section(&ovmf, &reader, &section, 0) != 0) {
		PROVE(error.text != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(section.size != 0 && section.gpa <= ovmf.gpa && section.size <= ovmf.gpa - section.gpa && ((section.gpa | section.size) & PAGE_MASK) == 0, "whole pages below the image");
	if (section.type != OVMF_SEV_MEMORY) {
		PROVE(section.size == PAGE_SIZE && IMPLIES(i < ovmf.section_count, ovmf.section[i].type != section.type), "one page, the only one of its kind");
		CANARY("a special one");
	}
	CANARY("accepted");
}

/* ---- areas ---- */

static bool is_zero_at(uint64_t at)
{
	bool zero = false;

	for (uint32_t i = 0; i < OVMF_SECTION_MAX; i++) {
		const struct ovmf_section *section = &ovmf.section[i];

		if (i < ovmf.section_count && (section->type == OVMF_SEV_MEMORY || section->type == OVMF_SEV_KERNEL_HASHES) &&
		    at >= section->gpa && at - section->gpa < section->size)
			zero = true;
	}
	return zero;
}

void prove_covered(void)
{
	struct ovmf_area area = { any_u32(), any_u32() };
	uint64_t at = any_u64();

	any_sections();
	if (!area_covered(&ovmf, &area)) {
		CANARY("not covered");
		return;
	}
	if (at >= area.gpa && at - area.gpa < area.size) {
		PROVE(is_zero_at(at), "every byte lies in a section that is zero");
		CANARY("covered");
	}
}

void prove_parameter(void)
{
	struct ovmf_area parameters = { any_u32(), any_u32() }, area = { any_u32(), any_u32() };
	uint64_t unit = any_bool() ? sizeof(struct igvm_memory_map_entry) : sizeof(uint32_t), size = area.size;

	any_file();
	if (place_parameter(&parameters, &reader, &area, unit) != 0) {
		CANARY("refused");
		return;
	}
	if (size != 0) {
		PROVE(area.gpa >= parameters.gpa && area.size <= parameters.size && area.gpa - parameters.gpa <= parameters.size - area.size, "a parameter lies in its area");
		PROVE(area.size != 0 && area.size % unit == 0, "and has whole entries");
		CANARY("placed");
	}
}

/* ---- the whole ---- */

/* What prove_descriptor() shows of it. */
int stub_read_descriptor(const struct reader *of, uint64_t pointer, const char *signature, uint32_t version, uint64_t *first, uint32_t *count)
{
	uint64_t at = any_u64();
	uint32_t entries = any_u32();

	PROVE(pointer <= of->size - 4, "an offset inside the file");
	if (any_bool())
		return any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
	ASSUME(at <= of->size && entries * 12ull <= of->size - at);
	*first = at;
	*count = entries;
	return 0;
}

/* Any entry, from inside the file. */
struct ovmf_descriptor_entry stub_read_entry(const struct reader *of, uint64_t offset)
{
	PROVE(offset <= of->size - sizeof(struct ovmf_descriptor_entry), "an entry inside the file");
	return ANY(struct ovmf_descriptor_entry);
}

/* What prove_check() and prove_insert() show of it. */
int stub_add_section(struct ovmf *in, const struct reader *of, const struct ovmf_descriptor_entry *entry, uint64_t offset)
{
	if (in->section_count == OVMF_SECTION_MAX || any_bool())
		return any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
	in->section[in->section_count].type = entry->type;
	in->section_count++;
	return 0;
}

static uint64_t any_offset(void)
{
	uint64_t offset = any_u64();

	ASSUME(offset <= reader.size - OVMF_TABLE_END_FROM_END);
	return offset;
}

/* What prove_table() shows of it. */
int stub_read_table(struct reader *of)
{
	if (any_bool())
		return ERR_FORMAT;
	reader.size = of->size;
	of->sev = any_offset();
	of->igvm = any_offset();
	of->reset = any_offset();
	of->secret = any_offset();
	of->hashes = any_offset();
	return 0;
}

void prove_sections(void)
{
	any_file();
	ovmf.section_count = 0;
	reader.sev = any_offset();
	int result = read_sections(&ovmf, &reader);

	if (result != 0) {
		PROVE(result == ERR_FORMAT || result == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(count_type(&ovmf, OVMF_SEV_SECRETS) != 0 && count_type(&ovmf, OVMF_SEV_CAA) != 0, "there are a secrets page and a calling area");
	CANARY("read");
}

int stub_cover_area(struct ovmf *in, const struct reader *of, const struct ovmf_area *area, uint64_t offset)
{
	PROVE(area->size != 0 && area->size <= UINT32_MAX && area->gpa <= UINT32_MAX, "an area that is not empty, of 32-bit numbers");
	return any_bool() ? 0 : any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
}

void prove_igvm(void)
{
	any_file();
	reader.igvm = any_offset();
	ovmf.memory_map = ovmf.vp_count = ovmf.hobs = (struct ovmf_area){ 0, 0 };
	int result = read_igvm(&ovmf, &reader);
	const struct ovmf_area *map = &ovmf.memory_map, *count = &ovmf.vp_count;

	if (result != 0) {
		PROVE(result == ERR_FORMAT || result == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	if (map->size != 0 && count->size != 0) {
		PROVE(map->size % 24 == 0 && count->size % 4 == 0, "whole entries");
		PROVE(map->gpa + map->size <= count->gpa || count->gpa + count->size <= map->gpa, "parameters do not overlap");
		CANARY("parameters");
	}
}

int stub_read_sections(struct ovmf *in, const struct reader *of)
{
	PROVE(of->sev <= of->size - 4, "a place inside the file");
	return any_bool() ? 0 : any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
}

int stub_read_igvm(struct ovmf *in, const struct reader *of)
{
	PROVE(of->igvm <= of->size - 4, "a place inside the file");
	return any_bool() ? 0 : any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
}

static struct ovmf_area covered;

bool stub_area_covered(const struct ovmf *in, const struct ovmf_area *area)
{
	PROVE(area->gpa <= UINT32_MAX && area->size <= UINT32_MAX, "an area below 8 GiB");
	covered = *area;
	return any_bool();
}

void prove_open(void)
{
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 40);
	const uint8_t *data = __CPROVER_allocate(size, 0);
	int result = ovmf_open(&ovmf, data, size, &error);

	if (result != 0) {
		PROVE(result == ERR_FORMAT || result == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(size == ovmf.size && ovmf.gpa + size == OVMF_END && (size & PAGE_MASK) == 0 && size <= OVMF_SIZE_MAX && size != 0, "the image is pages that end at 4 GiB");
	PROVE(IMPLIES(ovmf.hashes.size != 0, covered.gpa == ovmf.hashes.gpa && covered.size == ovmf.hashes.size), "a block is where a section is");
	CANARY("opened");
}

/* ---- the volume for variables ---- */

void prove_variables(void)
{
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 40);
	const uint8_t *data = __CPROVER_allocate(size, 0);
	uint64_t length = ovmf_variables_size(data, size);

	PROVE((length & PAGE_MASK) == 0 && length <= size, "whole pages of the file");
	PROVE(IMPLIES(length != 0, length < size), "not all of it");
	if (length != 0)
		CANARY("a volume");
}
