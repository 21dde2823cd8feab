/* SPDX-License-Identifier: MIT */
#include "lib/ovmf.h"

#include "abi/igvm.h"
#include "lib/contract.h"
#include "lib/string.h"

/* A file, and the entries of its table that matter; offset 0: not there. */
struct reader {
	const uint8_t *data;
	uint64_t size;
	uint64_t sev, igvm, reset, secret, hashes; /* offsets of the entries' data */
	struct ovmf_error *error;
};

static int fail(const struct reader *reader, int code, const char *text, uint64_t offset)
{
	reader->error->text = text;
	reader->error->offset = offset;
	return code;
}

static uint16_t read_u16(const struct reader *reader, uint64_t offset)
{
	uint16_t value;

	memcpy(&value, reader->data + offset, sizeof(value));
	return value;
}

static uint32_t read_u32(const struct reader *reader, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, reader->data + offset, sizeof(value));
	return value;
}

const char *ovmf_section_name(uint32_t type)
{
	switch (type) {
	case OVMF_SEV_MEMORY:
		return "memory";
	case OVMF_SEV_SECRETS:
		return "secrets";
	case OVMF_SEV_CPUID:
		return "CPUID";
	case OVMF_SEV_CAA:
		return "calling area";
	case OVMF_SEV_KERNEL_HASHES:
		return "kernel hashes";
	default:
		return "unknown";
	}
}

/* ---- the table ---- */

/* Where the offset of an entry's data is kept, and how much data it must have; entries of other GUIDs are skipped. */
static uint64_t *find_place(struct reader *reader, const uint8_t *guid, uint32_t *data_size)
{
	static const struct {
		uint8_t guid[OVMF_GUID_SIZE];
		uint32_t data_size;
	} known[] = {
		{ OVMF_GUID_SEV_METADATA, 4 }, { OVMF_GUID_IGVM_METADATA, 4 },	{ OVMF_GUID_SEV_RESET_BLOCK, 4 },
		{ OVMF_GUID_SEV_SECRET, 8 },   { OVMF_GUID_SEV_HASH_TABLE, 8 },
	};
	uint64_t *place[] = { &reader->sev, &reader->igvm, &reader->reset, &reader->secret, &reader->hashes };

	_Static_assert(ARRAY_SIZE(known) == ARRAY_SIZE(place), "one place for each");
	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (memcmp(guid, known[i].guid, OVMF_GUID_SIZE) == 0) {
			*data_size = known[i].data_size;
			return place[i];
		}
	}
	return NULL;
}

static int take_entry(struct reader *reader, uint64_t start, uint64_t guid)
{
	uint32_t data_size = 0;
	uint64_t *place = find_place(reader, reader->data + guid, &data_size);

	if (place == NULL)
		return 0;
	if (guid - 2u - start != data_size)
		return fail(reader, ERR_FORMAT, "an entry of the GUIDed table has the wrong length", guid - 2u);
	if (*place != 0)
		return fail(reader, ERR_FORMAT, "an entry of the GUIDed table is there twice", guid);
	*place = start;
	return 0;
}

/* Backwards from the footer. Offsets count from the start of the file; end is the first byte behind the next entry. */
static int read_table(struct reader *reader)
{
	static const uint8_t footer[OVMF_GUID_SIZE] = OVMF_GUID_FOOTER;
	uint64_t guid = reader->size - OVMF_FOOTER_FROM_END;
	uint64_t table_end = reader->size - OVMF_TABLE_END_FROM_END;
	uint64_t end = table_end - OVMF_ENTRY_OVERHEAD;
	uint64_t length = read_u16(reader, end);
	uint64_t low;

	if (memcmp(reader->data + guid, footer, OVMF_GUID_SIZE) != 0)
		return fail(reader, ERR_FORMAT, "not OVMF: no GUIDed table at its end", guid);
	if (length < OVMF_ENTRY_OVERHEAD || length > table_end)
		return fail(reader, ERR_FORMAT, "the GUIDed table has an impossible length", end);
	low = table_end - length;
	while (end > low)
		LOOP_ASSIGNS(end, reader->sev, reader->igvm, reader->reset, reader->secret, reader->hashes, LOOP_OBJECT(reader->error))
		LOOP_INVARIANT(end >= low && end <= table_end - OVMF_ENTRY_OVERHEAD)
		LOOP_INVARIANT(reader->sev <= table_end && reader->igvm <= table_end && reader->reset <= table_end)
		LOOP_INVARIANT(reader->secret <= table_end && reader->hashes <= table_end)
		LOOP_DECREASES(end) {
		uint64_t entry_length;
		int error;

		if (end - low < OVMF_ENTRY_OVERHEAD)
			return fail(reader, ERR_FORMAT, "the GUIDed table starts with half an entry", low);
		entry_length = read_u16(reader, end - OVMF_ENTRY_OVERHEAD);
		if (entry_length < OVMF_ENTRY_OVERHEAD || entry_length > end - low)
			return fail(reader, ERR_FORMAT, "an entry of the GUIDed table has an impossible length",
				    end - OVMF_ENTRY_OVERHEAD);
		error = take_entry(reader, end - entry_length, end - OVMF_GUID_SIZE);
		if (error != 0)
			return error;
		end -= entry_length;
	}
	return 0;
}

/* ---- descriptors ---- */

/* Finds and checks a descriptor; *first is the offset of its first entry. */
static int read_descriptor(const struct reader *reader, uint64_t pointer, const char *signature, uint32_t version,
			   uint64_t *first, uint32_t *count)
{
	uint64_t from_end = read_u32(reader, pointer);
	struct ovmf_descriptor header;
	uint64_t at;

	if (from_end < sizeof(header) || from_end > reader->size)
		return fail(reader, ERR_FORMAT, "metadata lies outside the file", pointer);
	at = reader->size - from_end;
	memcpy(&header, reader->data + at, sizeof(header));
	if (memcmp(header.signature, signature, sizeof(header.signature)) != 0)
		return fail(reader, ERR_FORMAT, "metadata does not start with its signature", at);
	if (header.version != version)
		return fail(reader, ERR_UNSUPPORTED, "metadata has a version that is not known", at + 8u);
	if (header.length > from_end || header.length < sizeof(header) ||
	    header.count > (header.length - sizeof(header)) / sizeof(struct ovmf_descriptor_entry))
		return fail(reader, ERR_FORMAT, "metadata is cut off: more sections than bytes", at + 12u);
	*first = at + sizeof(header);
	*count = header.count;
	return 0;
}

static struct ovmf_descriptor_entry read_entry(const struct reader *reader, uint64_t offset)
{
	struct ovmf_descriptor_entry entry;

	memcpy(&entry, reader->data + offset, sizeof(entry));
	return entry;
}

/* ---- sections ---- */

static uint32_t count_type(const struct ovmf *ovmf, uint32_t type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ovmf->section_count; i++)
		count += ovmf->section[i].type == type;
	return count;
}

/* Puts a section, already checked for itself, in its place. */
static int insert_section(struct ovmf *ovmf, const struct reader *reader, const struct ovmf_section *section,
			  uint64_t offset)
{
	uint32_t place = ovmf->section_count;

	if (place == OVMF_SECTION_MAX)
		return fail(reader, ERR_UNSUPPORTED, "the firmware has too many sections", offset);
	for (uint32_t i = 0; i < ovmf->section_count; i++) {
		if (ranges_overlap(section->gpa, section->size, ovmf->section[i].gpa, ovmf->section[i].size))
			return fail(reader, ERR_FORMAT, "a section overlaps another one", offset);
	}
	while (place > 0 && ovmf->section[place - 1u].gpa > section->gpa) {
		ovmf->section[place] = ovmf->section[place - 1u];
		place--;
	}
	ovmf->section[place] = *section;
	ovmf->section_count++;
	return 0;
}

static int check_section(const struct ovmf *ovmf, const struct reader *reader, const struct ovmf_section *section,
			 uint64_t offset)
{
	bool one_page = section->type != OVMF_SEV_MEMORY;

	if (strcmp(ovmf_section_name(section->type), "unknown") == 0)
		return fail(reader, ERR_UNSUPPORTED, "a section has a type that is not known", offset + 8u);
	if (section->size == 0 && section->type == OVMF_SEV_CAA)
		return fail(reader, ERR_UNSUPPORTED, "the firmware cannot run under an SVSM: its calling area is empty",
			    offset);
	if (section->size == 0)
		return fail(reader, ERR_FORMAT, "a section is empty", offset);
	if (!is_aligned(section->gpa | section->size, PAGE_SIZE))
		return fail(reader, ERR_FORMAT, "a section is not page aligned", offset);
	if (!range_within(section->gpa, section->size, 0, ovmf->gpa))
		return fail(reader, ERR_FORMAT, "a section does not end below the firmware image", offset);
	if (one_page && section->size != PAGE_SIZE)
		return fail(reader, ERR_FORMAT, "a section that must be one page is larger", offset);
	if (one_page && count_type(ovmf, section->type) != 0)
		return fail(reader, ERR_FORMAT, "a section that must be unique is there twice", offset);
	return 0;
}

static int add_section(struct ovmf *ovmf, const struct reader *reader, const struct ovmf_descriptor_entry *entry,
		       uint64_t offset)
{
	const struct ovmf_section section = { entry->base, entry->size, entry->type, offset };
	int error = check_section(ovmf, reader, &section, offset);

	return error != 0 ? error : insert_section(ovmf, reader, &section, offset);
}

static int read_sections(struct ovmf *ovmf, const struct reader *reader)
{
	uint64_t first = 0;
	uint32_t count = 0;
	int error;

	if (reader->sev == 0)
		return fail(reader, ERR_UNSUPPORTED, "the firmware has no SEV metadata: not built for SEV-SNP", 0);
	error = read_descriptor(reader, reader->sev, OVMF_SEV_SIGNATURE, OVMF_SEV_VERSION, &first, &count);
	for (uint32_t i = 0; i < count && error == 0; i++)
		LOOP_ASSIGNS(i, error, LOOP_OBJECT(ovmf), LOOP_OBJECT(reader->error))
		LOOP_INVARIANT(i <= count && ovmf->section_count <= OVMF_SECTION_MAX)
		LOOP_INVARIANT(error == 0 || error == ERR_FORMAT || error == ERR_UNSUPPORTED)
		LOOP_DECREASES(count - i) {
		uint64_t offset = first + (uint64_t)i * sizeof(struct ovmf_descriptor_entry);
		struct ovmf_descriptor_entry entry = read_entry(reader, offset);

		error = add_section(ovmf, reader, &entry, offset);
	}
	if (error != 0)
		return error;
	if (count_type(ovmf, OVMF_SEV_SECRETS) == 0)
		return fail(reader, ERR_UNSUPPORTED, "the firmware names no secrets page", first);
	if (count_type(ovmf, OVMF_SEV_CAA) == 0)
		return fail(reader, ERR_UNSUPPORTED, "the firmware cannot run under an SVSM: it names no calling area",
			    first);
	return 0;
}

/* ---- areas ---- */

/* True when every byte of the area is zero at the start: memory sections, or the page of kernel hashes. */
static bool area_covered(const struct ovmf *ovmf, const struct ovmf_area *area)
{
	uint64_t at = area->gpa, end = area->gpa + area->size;

	for (uint32_t i = 0; i < ovmf->section_count && at < end; i++) {
		const struct ovmf_section *section = &ovmf->section[i];
		bool zero = section->type == OVMF_SEV_MEMORY || section->type == OVMF_SEV_KERNEL_HASHES;

		if (zero && section->gpa <= at && at < section->gpa + section->size)
			at = section->gpa + section->size;
	}
	return at >= end;
}

static int read_block(const struct ovmf *ovmf, const struct reader *reader, uint64_t offset, struct ovmf_area *area)
{
	if (offset == 0)
		return 0;
	area->gpa = read_u32(reader, offset);
	area->size = read_u32(reader, offset + 4u);
	if (!area_covered(ovmf, area))
		return fail(reader, ERR_FORMAT, "the secret or hash block lies outside the firmware's sections", offset);
	return 0;
}

/* An area of its own that no section covers becomes one. */
static int cover_area(struct ovmf *ovmf, const struct reader *reader, const struct ovmf_area *area, uint64_t offset)
{
	const struct ovmf_descriptor_entry entry = { (uint32_t)area->gpa, (uint32_t)area->size, OVMF_SEV_MEMORY };

	return area_covered(ovmf, area) ? 0 : add_section(ovmf, reader, &entry, offset);
}

static int take_igvm_entry(struct ovmf *ovmf, struct ovmf_area *parameters, const struct reader *reader,
			   uint64_t offset)
{
	struct ovmf_descriptor_entry entry = read_entry(reader, offset);
	struct ovmf_area *area;

	switch (entry.type) {
	case OVMF_IGVM_PARAMETERS:
		area = parameters;
		break;
	case OVMF_IGVM_MEMORY_MAP:
		area = &ovmf->memory_map;
		break;
	case OVMF_IGVM_VP_COUNT:
		area = &ovmf->vp_count;
		break;
	case OVMF_IGVM_HOBS:
		area = &ovmf->hobs;
		break;
	default:
		return 0; /* something that this loader does not give; zeros say so */
	}
	if (area->size != 0)
		return fail(reader, ERR_FORMAT, "an IGVM parameter is there twice", offset);
	if (entry.size == 0)
		return fail(reader, ERR_FORMAT, "an IGVM parameter is empty", offset);
	area->gpa = entry.base;
	area->size = entry.size;
	return 0;
}

/* Makes an address of an offset in the parameter area. */
static int place_parameter(const struct ovmf_area *parameters, const struct reader *reader, struct ovmf_area *area,
			   uint64_t unit)
{
	if (area->size == 0)
		return 0;
	if (!range_within(area->gpa, area->size, 0, parameters->size) || area->size < unit ||
	    !is_aligned(area->gpa, sizeof(uint32_t)))
		return fail(reader, ERR_FORMAT, "an IGVM parameter does not fit in its area", reader->igvm);
	area->gpa += parameters->gpa;
	area->size -= area->size % unit;
	return 0;
}

static int read_igvm(struct ovmf *ovmf, const struct reader *reader)
{
	struct ovmf_area parameters = { 0, 0 };
	uint64_t first = 0;
	uint32_t count = 0;
	int error;

	if (reader->igvm == 0)
		return 0;
	error = read_descriptor(reader, reader->igvm, OVMF_IGVM_SIGNATURE, OVMF_IGVM_VERSION, &first, &count);
	for (uint32_t i = 0; i < count && error == 0; i++)
		LOOP_ASSIGNS(i, error, parameters, LOOP_OBJECT(ovmf), LOOP_OBJECT(reader->error))
		LOOP_INVARIANT(i <= count && (error == 0 || error == ERR_FORMAT || error == ERR_UNSUPPORTED))
		LOOP_INVARIANT(parameters.gpa <= UINT32_MAX && parameters.size <= UINT32_MAX)
		LOOP_INVARIANT(ovmf->memory_map.gpa <= UINT32_MAX && ovmf->memory_map.size <= UINT32_MAX)
		LOOP_INVARIANT(ovmf->vp_count.gpa <= UINT32_MAX && ovmf->vp_count.size <= UINT32_MAX)
		LOOP_INVARIANT(ovmf->hobs.gpa <= UINT32_MAX && ovmf->hobs.size <= UINT32_MAX)
		LOOP_DECREASES(count - i)
		error = take_igvm_entry(ovmf, &parameters, reader,
					first + (uint64_t)i * sizeof(struct ovmf_descriptor_entry));
	if (error == 0 && parameters.size != 0)
		error = cover_area(ovmf, reader, &parameters, first);
	if (error == 0 && ovmf->hobs.size != 0)
		error = cover_area(ovmf, reader, &ovmf->hobs, first);
	if (error == 0)
		error = place_parameter(&parameters, reader, &ovmf->memory_map, sizeof(struct igvm_memory_map_entry));
	if (error == 0)
		error = place_parameter(&parameters, reader, &ovmf->vp_count, sizeof(uint32_t));
	if (error == 0 && ovmf->memory_map.size != 0 && ovmf->vp_count.size != 0 &&
	    ranges_overlap(ovmf->memory_map.gpa, ovmf->memory_map.size, ovmf->vp_count.gpa, ovmf->vp_count.size))
		return fail(reader, ERR_FORMAT, "two IGVM parameters overlap", first);
	return error;
}

int ovmf_open(struct ovmf *ovmf, const void *data, uint64_t size, struct ovmf_error *error)
{
	struct reader reader = { .data = data, .size = size, .error = error };
	int result;

	memset(ovmf, 0, sizeof(*ovmf));
	if (size < PAGE_SIZE || size > OVMF_SIZE_MAX || !is_aligned(size, PAGE_SIZE))
		return fail(&reader, ERR_FORMAT, "not OVMF: its size is not a number of pages up to 16 MiB", size);
	ovmf->gpa = OVMF_END - size;
	ovmf->size = size;
	result = read_table(&reader);
	if (result == 0)
		result = read_sections(ovmf, &reader);
	if (result == 0)
		result = read_block(ovmf, &reader, reader.secret, &ovmf->secret);
	if (result == 0)
		result = read_block(ovmf, &reader, reader.hashes, &ovmf->hashes);
	if (result == 0)
		result = read_igvm(ovmf, &reader);
	if (result == 0 && reader.reset != 0)
		ovmf->ap_start = read_u32(&reader, reader.reset);
	return result;
}

uint64_t ovmf_variables_size(const void *data, uint64_t size)
{
	static const uint8_t guid[OVMF_GUID_SIZE] = OVMF_GUID_VARIABLES;
	const uint8_t *head = data;
	uint64_t length;

	if (size < OVMF_VOLUME_HEAD_SIZE || memcmp(head + OVMF_VOLUME_GUID_OFFSET, guid, sizeof(guid)) != 0 ||
	    memcmp(head + OVMF_VOLUME_SIGNATURE_OFFSET, OVMF_VOLUME_SIGNATURE, 4) != 0)
		return 0;
	memcpy(&length, head + OVMF_VOLUME_LENGTH_OFFSET, sizeof(length));
	return is_aligned(length, PAGE_SIZE) && length < size ? length : 0;
}
