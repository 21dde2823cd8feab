/* SPDX-License-Identifier: MIT */
/*
 * The reader of IGVM files. The walk is proved for one step from any place in any file; the readers of bodies for any
 * header, also one that the walk never gave.
 */
#include "proofs/prover.h"

#include "lib/igvm.c"

/* The checksum may be any: what matters is that it reads what is there. */
uint32_t crc32_extend(uint32_t checksum, const void *data, size_t size)
{
	PROVE(size == 0 || __CPROVER_r_ok(data, size), "the checksum is over what is there");
	return any_u32();
}

static struct igvm_file file;
static struct igvm_header header;
static struct igvm_error error;

static void any_file(void)
{
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 32);
	file.data = __CPROVER_allocate(size, 0);
	file.size = size;
	file.version = any_bool() ? 1 : 2;
	file.headers_offset = any_u64();
	file.headers_size = any_u64();
	/* What igvm_open() promises. */
	ASSUME(file.headers_offset >= 24 && file.headers_offset <= size && file.headers_size <= size - file.headers_offset);
	header.type = any_u32();
	header.length = any_u32();
	header.offset = any_u64();
	header.optional = any_bool();
}

void prove_fixed(void)
{
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 40);
	uint8_t *data = __CPROVER_allocate(size, 0);

	if (read_fixed_header(&file, data, size, &error) != 0) {
		PROVE(error.text != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(file.size <= size && file.headers_offset >= 24 && file.headers_offset <= file.size &&
	      file.headers_size <= file.size - file.headers_offset, "the headers lie inside");
	PROVE(file.version == 1 || file.version == 2, "a known version");
	CANARY("opened");
}

void prove_next(void)
{
	struct igvm_cursor cursor = { any_u64() };
	uint64_t before = cursor.consumed;

	any_file();
	ASSUME(before <= file.headers_size);
	int result = igvm_next(&file, &cursor, &header, &error);

	PROVE(result == 0 || result == ERR_NOT_FOUND || result == ERR_FORMAT, "a documented error");
	PROVE(cursor.consumed >= before && cursor.consumed <= file.headers_size, "the cursor stays inside");
	PROVE((result == ERR_NOT_FOUND) == (before == file.headers_size), "the end is the end");
	if (result != 0)
		return;
	PROVE(cursor.consumed > before, "every step makes progress");
	PROVE(header.offset + 8 + header.length <= file.headers_offset + file.headers_size, "the body lies inside");
	CANARY("a header");
}

void prove_bodies(void)
{
	struct igvm_supported_platform platform;
	struct igvm_guest_policy policy;
	struct igvm_parameter_area area;
	struct igvm_parameter_insert insert;
	struct igvm_required_memory memory;
	struct igvm_parameter parameter;

	any_file();
	if (igvm_read_platform(&file, &header, &platform, &error) == 0)
		CANARY("a platform");
	if (igvm_read_policy(&file, &header, &policy, &error) == 0)
		CANARY("a policy");
	if (igvm_read_parameter_area(&file, &header, &area, &error) == 0) {
		PROVE(area.number_of_bytes != 0 && area.number_of_bytes <= UINT32_MAX && (area.number_of_bytes & PAGE_MASK) == 0, "whole pages");
		CANARY("an area");
	}
	if (igvm_read_parameter_insert(&file, &header, &insert, &error) == 0)
		PROVE((insert.gpa & PAGE_MASK) == 0, "aligned");
	if (igvm_read_required_memory(&file, &header, &memory, &error) == 0)
		PROVE(memory.gpa <= UINT64_MAX - memory.number_of_bytes, "the range does not wrap");
	if (igvm_read_parameter(&file, &header, &parameter, &error) == 0)
		PROVE(igvm_type_is_parameter(header.type), "a parameter");
}

void prove_pages(void)
{
	struct igvm_page_data page;
	struct igvm_vp_context context;

	any_file();
	if (igvm_read_page_data(&file, &header, &page, &error) == 0) {
		uint64_t size = igvm_page_data_size(&page);

		PROVE((page.gpa & (size - 1)) == 0 && page.gpa <= UINT64_MAX - size, "the page is aligned and does not wrap");
		PROVE(page.data_type <= IGVM_PAGE_TYPE_CPUID_XF && page.reserved == 0, "a known kind of page");
		CANARY("a page");
	}
	if (igvm_read_vp_context(&file, &header, &context, &error) == 0)
		PROVE((context.gpa & PAGE_MASK) == 0, "aligned");
}

void prove_data(void)
{
	const uint8_t *data;
	uint64_t offset = any_u64(), size = any_u64();

	any_file();
	ASSUME(size <= PAGE_SIZE_2M);
	if (igvm_file_data(&file, &header, offset, size, &data, &error) == 0) {
		PROVE(data == file.data + offset && __CPROVER_r_ok(data, size), "the data lies inside the file");
		PROVE(offset + size <= file.headers_offset || offset >= file.headers_offset + file.headers_size, "and not in the headers");
		CANARY("data");
	}
}

void prove_types(void)
{
	uint32_t type = any_u32(), section = section_of(type);

	PROVE(section <= 3, "one of the sections, or none");
	PROVE(IMPLIES(igvm_type_is_parameter(type), igvm_type_known(type) && section == 3), "parameters are directives");
	PROVE(igvm_type_name(type) != NULL, "every type has a name");
	if (igvm_type_is_parameter(type))
		CANARY("a parameter");
}
