/* SPDX-License-Identifier: MIT */
#include "lib/ovmf.h"
#include "tests/unit/ovmf_file.h"
#include "tests/unit/unit.h"

static struct ovmf_file file;
static struct ovmf ovmf;
static struct ovmf_error error;

static int open_file(void)
{
	error.text = NULL;
	return ovmf_open(&ovmf, file.data, sizeof(file.data), &error);
}

#define CHECK_REFUSED(code, words) \
	do { \
		CHECK_EQ(open_file(), code); \
		CHECK(error.text != NULL && strstr(error.text, words) != NULL); \
		if (error.text != NULL && strstr(error.text, words) == NULL) \
			printf("  said: %s\n", error.text); \
	} while (0)

TEST(reads_a_right_file)
{
	ovmf_file_make(&file);
	REQUIRE(open_file() == 0);
	CHECK_EQ(ovmf.gpa, 0x100000000 - OVMF_FILE_SIZE);
	CHECK_EQ(ovmf.size, OVMF_FILE_SIZE);
	CHECK_EQ(ovmf.section_count, 7);
	CHECK_EQ(ovmf.section[0].gpa, 0x800000);
	CHECK_EQ(ovmf.section[0].size, 0x9000);
	CHECK_EQ(ovmf.section[2].type, OVMF_SEV_SECRETS);
	CHECK_EQ(ovmf.section[5].type, OVMF_SEV_KERNEL_HASHES); /* sorted: the file lists it last */
	CHECK_EQ(ovmf.section[6].gpa, 0x811000);
	CHECK_EQ(ovmf.ap_start, 0x80B004);
	CHECK_EQ(ovmf.secret.gpa, 0x810000);
	CHECK_EQ(ovmf.hashes.gpa, 0x810C00);
	CHECK_EQ(ovmf.memory_map.gpa, 0x812000);
	CHECK_EQ(ovmf.memory_map.size, 0xC0);
	CHECK_EQ(ovmf.vp_count.gpa, 0x8120C0);
	CHECK_EQ(ovmf.hobs.gpa, 0x813000);
}

/* As builds of early 2025: no IGVM parameters, empty secret and hash blocks, no CPUID page of kernel hashes. */
TEST(reads_an_older_file)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA, secret[] = OVMF_GUID_SEV_SECRET;
	const uint32_t from_end = OVMF_FILE_SIZE - OVMF_FILE_SEV, nothing[2] = { 0, 0 };

	ovmf_file_begin(&file);
	ovmf_file_add(&file, sev, &from_end, 4);
	ovmf_file_add(&file, secret, nothing, 8);
	ovmf_file_descriptor(&file, OVMF_FILE_SEV, OVMF_SEV_SIGNATURE, OVMF_SEV_VERSION);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x80F000, 0x1000, OVMF_SEV_CAA);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x80D000, 0x1000, OVMF_SEV_SECRETS);
	REQUIRE(open_file() == 0);
	CHECK_EQ(ovmf.section_count, 2);
	CHECK_EQ(ovmf.section[0].type, OVMF_SEV_SECRETS);
	CHECK_EQ(ovmf.memory_map.size, 0);
	CHECK_EQ(ovmf.vp_count.size, 0);
	CHECK_EQ(ovmf.ap_start, 0);
}

TEST(sizes)
{
	static uint8_t large[OVMF_SIZE_MAX + PAGE_SIZE];

	ovmf_file_make(&file);
	CHECK_EQ(ovmf_open(&ovmf, file.data, 0, &error), ERR_FORMAT);
	CHECK_EQ(ovmf_open(&ovmf, file.data, OVMF_FILE_SIZE - 1, &error), ERR_FORMAT);
	CHECK_EQ(ovmf_open(&ovmf, file.data, OVMF_FILE_SIZE - PAGE_SIZE, &error), ERR_FORMAT);
	memcpy(large + OVMF_SIZE_MAX - OVMF_FILE_SIZE, file.data, OVMF_FILE_SIZE);
	CHECK_EQ(ovmf_open(&ovmf, large, OVMF_SIZE_MAX, &error), 0);
	CHECK_EQ(ovmf.gpa, 0xFF000000);
	memcpy(large + sizeof(large) - OVMF_FILE_SIZE, file.data, OVMF_FILE_SIZE);
	CHECK_EQ(ovmf_open(&ovmf, large, sizeof(large), &error), ERR_FORMAT);
}

TEST(bad_table)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA;
	const uint32_t footer = OVMF_FILE_SIZE - OVMF_FOOTER_FROM_END, length = footer - 2, pointer = 0x1000;
	uint32_t at;

	ovmf_file_make(&file);
	file.data[footer] ^= 1;
	CHECK_REFUSED(ERR_FORMAT, "no GUIDed table");
	ovmf_file_make(&file);
	ovmf_file_put_u16(&file, length, 17);
	CHECK_REFUSED(ERR_FORMAT, "table has an impossible length");
	ovmf_file_put_u16(&file, length, OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END + 1);
	CHECK_REFUSED(ERR_FORMAT, "table has an impossible length");
	ovmf_file_put_u16(&file, length, OVMF_ENTRY_OVERHEAD); /* nothing but the footer */
	CHECK_REFUSED(ERR_UNSUPPORTED, "no SEV metadata");
	ovmf_file_put_u16(&file, length, OVMF_ENTRY_OVERHEAD + 17);
	CHECK_REFUSED(ERR_FORMAT, "half an entry");
	ovmf_file_make(&file);
	ovmf_file_put_u16(&file, length - OVMF_ENTRY_OVERHEAD, 0); /* an entry that would never end */
	CHECK_REFUSED(ERR_FORMAT, "entry of the GUIDed table has an impossible length");
	ovmf_file_put_u16(&file, length - OVMF_ENTRY_OVERHEAD, 0xFFFF);
	CHECK_REFUSED(ERR_FORMAT, "entry of the GUIDed table has an impossible length");
	ovmf_file_make(&file);
	ovmf_file_add(&file, sev, &pointer, 4);
	CHECK_REFUSED(ERR_FORMAT, "twice");
	ovmf_file_begin(&file);
	at = ovmf_file_add(&file, sev, &pointer, 3);
	CHECK_REFUSED(ERR_FORMAT, "wrong length");
	CHECK_EQ(error.offset, at + 3);
}

/* The table of the smallest file may fill it, but no more. */
TEST(table_as_long_as_the_file)
{
	ovmf_file_make(&file);
	memset(file.data, 0xFF, PAGE_SIZE);
	ovmf_file_put_u16(&file, OVMF_FILE_SIZE - OVMF_FOOTER_FROM_END - 2, OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END);
	CHECK_EQ(open_file(), ERR_FORMAT);
}

TEST(bad_descriptor)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA;
	static const uint32_t outside[] = { 0, 1, 15, OVMF_FILE_SIZE + 1, 0xFFFFFFFF };

	for (uint32_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		ovmf_file_begin(&file);
		ovmf_file_add(&file, sev, &outside[i], 4);
		CHECK_REFUSED(ERR_FORMAT, "outside the file");
	}
	ovmf_file_make(&file);
	file.data[OVMF_FILE_SEV] = 'B';
	CHECK_REFUSED(ERR_FORMAT, "signature");
	ovmf_file_make(&file);
	ovmf_file_put_u32(&file, OVMF_FILE_SEV + 8, 2);
	CHECK_REFUSED(ERR_UNSUPPORTED, "version");
	ovmf_file_make(&file);
	ovmf_file_put_u32(&file, OVMF_FILE_SEV + 12, 8); /* one more than the length has */
	CHECK_REFUSED(ERR_FORMAT, "cut off");
	ovmf_file_put_u32(&file, OVMF_FILE_SEV + 12, 0xFFFFFFFF);
	CHECK_REFUSED(ERR_FORMAT, "cut off");
	ovmf_file_put_u32(&file, OVMF_FILE_SEV + 4, 0xFFFFFFFF);
	CHECK_REFUSED(ERR_FORMAT, "cut off");
	ovmf_file_put_u32(&file, OVMF_FILE_SEV + 4, 15);
	CHECK_REFUSED(ERR_FORMAT, "cut off");
	ovmf_file_make(&file);
	ovmf_file_put_u32(&file, OVMF_FILE_IGVM + 8, 2);
	CHECK_REFUSED(ERR_UNSUPPORTED, "version");
}

static void check_section(uint32_t base, uint32_t size, uint32_t type, int code, const char *words)
{
	ovmf_file_make(&file);
	ovmf_file_section(&file, OVMF_FILE_SEV, base, size, type);
	CHECK_REFUSED(code, words);
}

TEST(bad_sections)
{
	const uint32_t image = (uint32_t)(0x100000000 - OVMF_FILE_SIZE);

	check_section(0x900000, 0, OVMF_SEV_MEMORY, ERR_FORMAT, "empty");
	check_section(0, 0, OVMF_SEV_CAA, ERR_UNSUPPORTED, "SVSM");
	check_section(0x900001, 0x1000, OVMF_SEV_MEMORY, ERR_FORMAT, "aligned");
	check_section(0x900000, 0x1800, OVMF_SEV_MEMORY, ERR_FORMAT, "aligned");
	check_section(image, 0x1000, OVMF_SEV_MEMORY, ERR_FORMAT, "below");
	check_section(image - 0x1000, 0x2000, OVMF_SEV_MEMORY, ERR_FORMAT, "below");
	check_section(0xFFFFF000, 0xFFFFF000, OVMF_SEV_MEMORY, ERR_FORMAT, "below");
	check_section(0x900000, 0x1000, 5, ERR_UNSUPPORTED, "type");
	check_section(0x900000, 0x1000, 0, ERR_UNSUPPORTED, "type");
	check_section(0x900000, 0x1000, OVMF_SEV_SECRETS, ERR_FORMAT, "twice");
	check_section(0x900000, 0x1000, OVMF_SEV_CPUID, ERR_FORMAT, "twice");
	check_section(0x900000, 0x1000, OVMF_SEV_CAA, ERR_FORMAT, "twice");
	check_section(0x900000, 0x1000, OVMF_SEV_KERNEL_HASHES, ERR_FORMAT, "twice");
	check_section(0x900000, 0x2000, OVMF_SEV_CPUID, ERR_FORMAT, "larger");
	check_section(0x808000, 0x1000, OVMF_SEV_MEMORY, ERR_FORMAT, "overlaps");
	check_section(0x7FF000, 0x2000, OVMF_SEV_MEMORY, ERR_FORMAT, "overlaps");
	check_section(0x700000, 0x200000, OVMF_SEV_MEMORY, ERR_FORMAT, "overlaps");
}

TEST(a_section_may_touch_its_neighbours)
{
	ovmf_file_make(&file);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x809000, 0x1000, OVMF_SEV_MEMORY);
	ovmf_file_section(&file, OVMF_FILE_SEV, (uint32_t)(0x100000000 - OVMF_FILE_SIZE) - 0x1000, 0x1000,
			  OVMF_SEV_MEMORY);
	CHECK_EQ(open_file(), 0);
	CHECK_EQ(ovmf.section_count, 9);
}

TEST(too_many_sections)
{
	ovmf_file_make(&file);
	for (uint32_t i = 0; i < OVMF_SECTION_MAX - 7; i++)
		ovmf_file_section(&file, OVMF_FILE_SEV, 0x900000 + i * 0x2000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_EQ(open_file(), 0);
	CHECK_EQ(ovmf.section_count, OVMF_SECTION_MAX);
	ovmf_file_section(&file, OVMF_FILE_SEV, 0x600000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_REFUSED(ERR_UNSUPPORTED, "too many");
}

TEST(mandatory_sections)
{
	ovmf_file_make(&file);
	ovmf_file_set_section(&file, OVMF_FILE_SEV, 2, 0x80D000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_REFUSED(ERR_UNSUPPORTED, "secrets");
	ovmf_file_make(&file);
	ovmf_file_set_section(&file, OVMF_FILE_SEV, 4, 0x80F000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_REFUSED(ERR_UNSUPPORTED, "calling area");
	ovmf_file_make(&file); /* the CPUID page is not mandatory */
	ovmf_file_set_section(&file, OVMF_FILE_SEV, 3, 0x80E000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_EQ(open_file(), 0);
}

static void check_block(uint32_t base, uint32_t size, bool good)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA, hashes[] = OVMF_GUID_SEV_HASH_TABLE;
	const uint32_t block[2] = { base, size }, from_end = OVMF_FILE_SIZE - OVMF_FILE_SEV;
	struct ovmf_file whole;

	ovmf_file_make(&whole);
	ovmf_file_begin(&file);
	memcpy(file.data + OVMF_FILE_SEV, whole.data + OVMF_FILE_SEV, OVMF_FILE_IGVM - OVMF_FILE_SEV);
	ovmf_file_add(&file, sev, &from_end, 4);
	ovmf_file_add(&file, hashes, block, 8);
	if (good)
		CHECK_EQ(open_file(), 0);
	else
		CHECK_REFUSED(ERR_FORMAT, "outside the firmware's sections");
}

TEST(blocks_lie_in_sections)
{
	check_block(0, 0, true);
	check_block(0x810C00, 0x400, true);
	check_block(0x810C00, 0x401, true);      /* goes on in the memory section behind */
	check_block(0x810000, 0x20000, true);
	check_block(0x810000, 0x20001, false);
	check_block(0x80FFFF, 2, false);         /* starts in the calling area */
	check_block(0x80D000, 0x20, false);      /* the secrets page is not zero */
	check_block(0x1000, 0x20, false);
	check_block(0xFFFFFFFF, 0xFFFFFFFF, false);
}

static void check_igvm(uint32_t index, uint32_t base, uint32_t size, uint32_t type, int code, const char *words)
{
	ovmf_file_make(&file);
	ovmf_file_set_section(&file, OVMF_FILE_IGVM, index, base, size, type);
	if (code != 0)
		CHECK_REFUSED(code, words);
	else
		CHECK_EQ(open_file(), 0);
}

TEST(igvm_parameters)
{
	check_igvm(1, 0xFC0, 0x40, OVMF_IGVM_MEMORY_MAP, 0, "");
	CHECK_EQ(ovmf.memory_map.size, 48); /* two entries, and 16 bytes that hold none */
	check_igvm(1, 0xFC0, 0x41, OVMF_IGVM_MEMORY_MAP, ERR_FORMAT, "fit");
	check_igvm(1, 0, 23, OVMF_IGVM_MEMORY_MAP, ERR_FORMAT, "fit");
	check_igvm(1, 0, 0, OVMF_IGVM_MEMORY_MAP, ERR_FORMAT, "empty");
	check_igvm(1, 2, 0x40, OVMF_IGVM_MEMORY_MAP, ERR_FORMAT, "fit");
	check_igvm(1, 0, 0xD8, OVMF_IGVM_MEMORY_MAP, ERR_FORMAT, "overlap");
	check_igvm(2, 0xFFC, 4, OVMF_IGVM_VP_COUNT, 0, "");
	check_igvm(2, 0xFFC, 8, OVMF_IGVM_VP_COUNT, ERR_FORMAT, "fit");
	check_igvm(2, 0xFFFFFFFC, 4, OVMF_IGVM_VP_COUNT, ERR_FORMAT, "fit");
	check_igvm(2, 0xB0, 32, OVMF_IGVM_VP_COUNT, ERR_FORMAT, "overlap");
	check_igvm(2, 0xC0, 3, OVMF_IGVM_VP_COUNT, ERR_FORMAT, "fit");
	check_igvm(2, 0x813000, 16, OVMF_IGVM_HOBS, ERR_FORMAT, "twice");
	check_igvm(2, 1, 2, 0x300, 0, ""); /* unknown: it gets zeros */
	CHECK_EQ(ovmf.vp_count.size, 0);
	check_igvm(0, 0x812000, 0x1000, 0x300, ERR_FORMAT, "fit"); /* parameters without an area */
}

TEST(igvm_areas_become_sections)
{
	check_igvm(0, 0x900000, 0x1000, OVMF_IGVM_PARAMETERS, 0, "");
	CHECK_EQ(ovmf.section_count, 8);
	CHECK_EQ(ovmf.section[7].gpa, 0x900000);
	CHECK_EQ(ovmf.section[7].type, OVMF_SEV_MEMORY);
	CHECK_EQ(ovmf.memory_map.gpa, 0x900000);
	check_igvm(3, 0x7FF000, 0x1000, OVMF_IGVM_HOBS, 0, "");
	CHECK_EQ(ovmf.section[0].gpa, 0x7FF000);
	check_igvm(3, 0x7FF000, 0x2000, OVMF_IGVM_HOBS, ERR_FORMAT, "overlaps");
	check_igvm(3, 0x7FF000, 0x800, OVMF_IGVM_HOBS, ERR_FORMAT, "aligned");
	check_igvm(3, 0xFFFFF000, 0x1000, OVMF_IGVM_HOBS, ERR_FORMAT, "below");
	check_igvm(0, 0x80F000, 0x1000, OVMF_IGVM_PARAMETERS, ERR_FORMAT, "overlaps");
}

TEST(every_cut_and_every_byte_is_survived)
{
	ovmf_file_make(&file);
	for (uint32_t at = OVMF_FILE_SEV; at < OVMF_FILE_SIZE; at++) {
		uint8_t saved = file.data[at];

		for (uint32_t value = 0; value < 3; value++) {
			file.data[at] = (uint8_t)(value == 0 ? 0xFF : value == 1 ? 0 : saved ^ 0x10);
			(void)open_file();
		}
		file.data[at] = saved;
	}
	CHECK_EQ(open_file(), 0);
}

/* A volume for variables at the start, of the size given. */
static void put_volume(uint64_t size)
{
	static const uint8_t guid[OVMF_GUID_SIZE] = OVMF_GUID_VARIABLES;

	ovmf_file_make(&file);
	memcpy(file.data + OVMF_VOLUME_GUID_OFFSET, guid, sizeof(guid));
	memcpy(file.data + OVMF_VOLUME_LENGTH_OFFSET, &size, sizeof(size));
	memcpy(file.data + OVMF_VOLUME_SIGNATURE_OFFSET, OVMF_VOLUME_SIGNATURE, 4);
}

TEST(volume_for_variables)
{
	static const uint64_t bad[] = { 0, 1, 0x800, 0x1001, OVMF_FILE_SIZE, OVMF_FILE_SIZE + 0x1000, ~0ull, ~0xFFFull };

	ovmf_file_make(&file);
	CHECK_EQ(ovmf_variables_size(file.data, sizeof(file.data)), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_volume(bad[i]);
		CHECK_EQ(ovmf_variables_size(file.data, sizeof(file.data)), 0);
	}
	put_volume(0x2000);
	CHECK_EQ(ovmf_variables_size(file.data, sizeof(file.data)), 0x2000);
	CHECK_EQ(ovmf_variables_size(file.data, 0x2000), 0);
	CHECK_EQ(ovmf_variables_size(file.data, OVMF_VOLUME_HEAD_SIZE - 1), 0);
	CHECK_EQ(ovmf_variables_size(file.data, 0), 0);
	file.data[OVMF_VOLUME_SIGNATURE_OFFSET]++;
	CHECK_EQ(ovmf_variables_size(file.data, sizeof(file.data)), 0);
	put_volume(0x2000);
	file.data[OVMF_VOLUME_GUID_OFFSET + 15]++;
	CHECK_EQ(ovmf_variables_size(file.data, sizeof(file.data)), 0);
}

TEST(names)
{
	CHECK_TEXT(ovmf_section_name(OVMF_SEV_CAA), "calling area");
	CHECK_TEXT(ovmf_section_name(99), "unknown");
}
