/* SPDX-License-Identifier: MIT */
/* Firmware in IGVM files: what becomes of each directive, and everything that is refused. */
#include "tools/igvm/firmware.h"

#include <stdlib.h>

#include "abi/launch.h"
#include "tests/mock/region.h"
#include "tests/unit/igvm_file.h"
#include "tests/unit/ovmf_file.h"
#include "tests/unit/unit.h"

#define MASK 1u
#define SECRETS 0x80D000ull

static struct test_file file;
static struct firmware firmware;
static struct igvm_error error;
static uint8_t copy[FILE_SIZE_MAX];

static void put_page(uint64_t gpa, uint32_t content, uint32_t flags, uint16_t data_type)
{
	const struct igvm_page_data page = { .gpa = gpa, .compatibility_mask = MASK, .file_offset = content, .flags = flags,
					     .data_type = data_type };

	file_header(&file, IGVM_VHT_PAGE_DATA, &page, sizeof(page));
}

static void put_context(uint64_t sev_features)
{
	const struct vmsa vmsa = { .rip = 0xFFF0, .sev_features = sev_features };
	uint32_t content = file_content(&file, 0);

	memcpy(file.data + content, &vmsa, sizeof(vmsa));
	file_context(&file, IGVM_KVM_VMSA_GPA, MASK, content);
}

static void begin(void)
{
	file_begin(&file, 1);
	file_platform(&file, MASK);
}

static int finish_at(uint64_t region_gpa)
{
	struct summary summary = { 0 };
	struct igvm_file opened;
	int result;

	file_finish(&file);
	memcpy(copy, file.data, file.size);
	error = (struct igvm_error){ "", 0, 0 };
	result = igvm_open(&opened, copy, file.size, &error);
	if (result == 0)
		result = check_file(&opened, &summary, &error);
	firmware_free(&firmware);
	if (result == 0)
		result = firmware_read(&firmware, &opened, &summary, region_gpa, &error);
	summary_free(&summary);
	return result;
}

/* With what every firmware must have. */
static int finish(void)
{
	put_page(SECRETS, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	put_context(SEV_FEATURE_SNP_ACTIVE);
	return finish_at(MONITOR_GPA);
}

static const struct firmware_page *find(uint64_t gpa)
{
	for (size_t i = 0; i < firmware.page_count; i++) {
		if (firmware.page[i].gpa == gpa)
			return &firmware.page[i];
	}
	return NULL;
}

static bool is_kind(uint64_t gpa, uint32_t kind)
{
	return find(gpa) != NULL && find(gpa)->kind == kind && (find(gpa)->content != NULL) == (kind == LAUNCH_RANGE_IMAGE);
}

TEST(pages_without_tables)
{
	begin();
	put_page(0x100000, file_content(&file, 0x5A), 0, IGVM_PAGE_TYPE_NORMAL);
	put_page(0x200000, file_content(&file, 0), 0, IGVM_PAGE_TYPE_NORMAL);
	put_page(0x300000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	put_page(0x400000, 0, 0, IGVM_PAGE_TYPE_CPUID_DATA);
	put_page(0xFF000000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	REQUIRE(finish() == 0);
	CHECK_EQ(firmware.page_count, 7);
	CHECK(is_kind(0x100000, LAUNCH_RANGE_IMAGE));
	CHECK_EQ(find(0x100000)->content[0xFFF], 0x5A);
	CHECK(is_kind(0x200000, LAUNCH_RANGE_ZERO));
	CHECK(is_kind(0x300000, LAUNCH_RANGE_ZERO));
	CHECK(is_kind(0x400000, LAUNCH_RANGE_CPUID));
	CHECK(is_kind(SECRETS, LAUNCH_RANGE_SECRETS));
	CHECK(is_kind(SECRETS + PAGE_SIZE, LAUNCH_RANGE_CAA)); /* by convention: behind the secrets page */
	CHECK(is_kind(0xFF000000, LAUNCH_RANGE_IMAGE));	       /* above RAM: zeros are content */
	CHECK_EQ(firmware.context.rip, 0xFFF0);
	CHECK_EQ(firmware.map_size, 0);
	CHECK_EQ(firmware.vp_count_gpa, 0);
	for (size_t i = 1; i < firmware.page_count; i++)
		CHECK(firmware.page[i - 1].gpa < firmware.page[i].gpa);
}

TEST(large_page_of_zeros)
{
	begin();
	put_page(0x200000, 0, IGVM_PAGE_FLAG_2M, IGVM_PAGE_TYPE_NORMAL);
	REQUIRE(finish() == 0);
	CHECK_EQ(firmware.page_count, 514);
	CHECK(is_kind(0x3FF000, LAUNCH_RANGE_ZERO));
}

/* Pages of another platform in the same file do not count. */
TEST(other_platforms)
{
	const struct igvm_supported_platform native = { .compatibility_mask = 2, .platform_type = IGVM_PLATFORM_VSM,
							.platform_version = 1 };
	struct igvm_page_data page = { .gpa = 0x500000, .compatibility_mask = 2 };
	struct igvm_page_data shared = { .gpa = 0x600000, .compatibility_mask = 2, .flags = IGVM_PAGE_FLAG_SHARED };

	file_begin(&file, 1);
	file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM, &native, sizeof(native));
	file_platform(&file, MASK);
	file_header(&file, IGVM_VHT_PAGE_DATA, &page, sizeof(page));
	file_header(&file, IGVM_VHT_PAGE_DATA, &shared, sizeof(shared));
	file_context(&file, 0, 2, file_content(&file, 0));
	REQUIRE(finish() == 0);
	CHECK(find(0x500000) == NULL && find(0x600000) == NULL);
	file_begin(&file, 1);
	file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM, &native, sizeof(native));
	CHECK_EQ(finish_at(MONITOR_GPA), ERR_UNSUPPORTED);
	CHECK_TEXT(error.text, "is not for SEV-SNP");
}

TEST(parameters)
{
	struct igvm_parameter_area initial = { 4096, 2, 0 };

	begin();
	file_area(&file, 0, 8192);
	file_area(&file, 1, 4096);
	initial.file_offset = file_content(&file, 0x77);
	file_header(&file, IGVM_VHT_PARAMETER_AREA, &initial, sizeof(initial));
	file_area(&file, 3, 4096); /* never inserted */
	file_parameter(&file, IGVM_VHT_VP_COUNT_PARAMETER, 0, 0xC0);
	file_parameter(&file, IGVM_VHT_MEMORY_MAP, 0, 8);
	file_parameter(&file, IGVM_VHT_MADT, 1, 0);
	file_parameter(&file, IGVM_VHT_ENVIRONMENT_INFO, 2, 4);
	file_parameter(&file, IGVM_VHT_SRAT | IGVM_TYPE_OPTIONAL, 2, 16);
	file_parameter(&file, IGVM_VHT_DEVICE_TREE, 3, 0);
	file_insert(&file, 0x700000, MASK, 0);
	file_insert(&file, 0x710000, MASK, 1);
	file_insert(&file, 0x720000, MASK, 2);
	REQUIRE(finish() == 0);
	CHECK(is_kind(0x700000, LAUNCH_RANGE_ZERO) && is_kind(0x701000, LAUNCH_RANGE_ZERO));
	CHECK_EQ(firmware.map_gpa, 0x700008);
	CHECK_EQ(firmware.map_size, 168); /* whole entries up to the number of processors */
	CHECK_EQ(firmware.vp_count_gpa, 0x7000C0);
	CHECK(is_kind(0x710000, LAUNCH_RANGE_MADT));
	REQUIRE(is_kind(0x720000, LAUNCH_RANGE_IMAGE));
	CHECK_EQ(find(0x720000)->content[0], 0x77);
	CHECK(memcmp(find(0x720000)->content + 4, "\1\0\0\0", 4) == 0);
}

/* ---- OVMF inside ---- */

static struct ovmf_file ovmf;

/* Its four pages, and nothing else of it. */
static void begin_ovmf(void)
{
	begin();
	ovmf_file_make(&ovmf);
}

static int finish_ovmf(uint64_t region_gpa)
{
	for (uint32_t at = 0; at < OVMF_FILE_SIZE; at += PAGE_SIZE) {
		uint32_t content = file_content(&file, 0);

		memcpy(file.data + content, ovmf.data + at, PAGE_SIZE);
		put_page(OVMF_END - OVMF_FILE_SIZE + at, content, 0, IGVM_PAGE_TYPE_NORMAL);
	}
	put_context(SEV_FEATURE_SNP_ACTIVE);
	return finish_at(region_gpa);
}

TEST(tables_ask_for_memory)
{
	begin_ovmf();
	REQUIRE(finish_ovmf(MONITOR_GPA) == 0);
	CHECK(is_kind(0x800000, LAUNCH_RANGE_ZERO) && is_kind(0x82F000, LAUNCH_RANGE_ZERO));
	CHECK(find(0x809000) == NULL && find(0x830000) == NULL);
	CHECK(is_kind(0x80D000, LAUNCH_RANGE_SECRETS));
	CHECK(is_kind(0x80E000, LAUNCH_RANGE_CPUID));
	CHECK(is_kind(0x80F000, LAUNCH_RANGE_CAA));
	CHECK_EQ(firmware.map_gpa, 0x812000);
	CHECK_EQ(firmware.map_size, 0xC0);
	CHECK_EQ(firmware.vp_count_gpa, 0x8120C0);
	/* What the file has of it already stays: content, and the calling area as a page of zeros. */
	begin_ovmf();
	put_page(0x800000, file_content(&file, 0x33), 0, IGVM_PAGE_TYPE_NORMAL);
	put_page(0x80F000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	put_page(0x80D000, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	put_page(0x80E000, 0, 0, IGVM_PAGE_TYPE_CPUID_DATA);
	REQUIRE(finish_ovmf(MONITOR_GPA) == 0);
	CHECK(is_kind(0x800000, LAUNCH_RANGE_IMAGE) && is_kind(0x80F000, LAUNCH_RANGE_CAA));
}

#define CHECK_REFUSED(result, expected, text_) \
	do { \
		CHECK_EQ(result, expected); \
		CHECK(strstr(error.text, text_) != NULL); \
	} while (0)

TEST(tables_that_disagree)
{
	begin_ovmf();
	put_page(0x80F000, file_content(&file, 0x33), 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish_ovmf(MONITOR_GPA), ERR_FORMAT, "another kind of page");
	CHECK_EQ(error.type, IGVM_VHT_PAGE_DATA);
	begin_ovmf();
	put_page(0x80A000, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	CHECK_REFUSED(finish_ovmf(MONITOR_GPA), ERR_FORMAT, "another kind of page");
	begin_ovmf();
	put_page(0x600000, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	CHECK_REFUSED(finish_ovmf(MONITOR_GPA), ERR_FORMAT, "one secrets page and one calling area");
	begin_ovmf();
	put_page(0x600000, 0, 0, IGVM_PAGE_TYPE_CPUID_DATA);
	CHECK_REFUSED(finish_ovmf(MONITOR_GPA), ERR_FORMAT, "more than one CPUID page");
	begin_ovmf();
	CHECK_REFUSED(finish_ovmf(0x08000000), ERR_FORMAT, "uses all memory below");
	begin_ovmf();
	ovmf_file_section(&ovmf, OVMF_FILE_SEV, 0x90000000, 0x1000, OVMF_SEV_MEMORY);
	CHECK_REFUSED(finish_ovmf(MONITOR_GPA), ERR_FORMAT, "cannot be given");
	/* Tables that nobody can read are no tables: the convention counts. */
	begin_ovmf();
	ovmf.data[OVMF_FILE_SEV] = 'X';
	put_page(SECRETS, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	CHECK_EQ(finish_ovmf(MONITOR_GPA), 0);
	CHECK(is_kind(SECRETS + PAGE_SIZE, LAUNCH_RANGE_CAA) && find(0x800000) == NULL);
}

/* The volume for variables at the start of OVMF is fixed, as in an image of OVMF as it is. */
TEST(variables_are_fixed)
{
	static const uint8_t guid[OVMF_GUID_SIZE] = OVMF_GUID_VARIABLES;
	const uint64_t start = OVMF_END - OVMF_FILE_SIZE, length = 0x2000;

	begin_ovmf();
	memcpy(ovmf.data + OVMF_VOLUME_GUID_OFFSET, guid, sizeof(guid));
	memcpy(ovmf.data + OVMF_VOLUME_LENGTH_OFFSET, &length, sizeof(length));
	memcpy(ovmf.data + OVMF_VOLUME_SIGNATURE_OFFSET, OVMF_VOLUME_SIGNATURE, 4);
	REQUIRE(finish_ovmf(MONITOR_GPA) == 0);
	CHECK_EQ(find(start)->flags, LAUNCH_RANGE_FLAG_FIXED);
	CHECK_EQ(find(start + length - PAGE_SIZE)->flags, LAUNCH_RANGE_FLAG_FIXED);
	CHECK_EQ(find(start + length)->flags, 0);
	CHECK_EQ(find(0x80D000)->flags, 0);
}

/* ---- refused ---- */

TEST(bad_places)
{
	begin();
	put_page(MONITOR_GPA, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_FORMAT, "over the monitor");
	CHECK_EQ(error.type, IGVM_VHT_PAGE_DATA);
	CHECK(error.offset != 0);
	begin();
	put_page(MONITOR_GPA + MONITOR_SIZE - PAGE_SIZE_2M, 0, IGVM_PAGE_FLAG_2M, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_FORMAT, "over the monitor");
	begin();
	put_page(0xB8000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_FORMAT, "display and ROMs");
	begin();
	put_page(0x80000000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_FORMAT, "2 GiB");
	begin();
	put_page(0x100000000, 0, 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_FORMAT, "2 GiB");
	begin();
	put_page(0xFFFFF000, 0, 0, IGVM_PAGE_TYPE_CPUID_DATA);
	CHECK_REFUSED(finish(), ERR_FORMAT, "above RAM");
	begin();
	file_area(&file, 0, 4096);
	file_insert(&file, MONITOR_GPA + 0x1000, MASK, 0);
	CHECK_REFUSED(finish(), ERR_FORMAT, "over the monitor");
	begin();
	file_header(&file, IGVM_VHT_REQUIRED_MEMORY,
		    &(struct igvm_required_memory){ MONITOR_GPA, MASK, 0x1000, 0, 0 }, sizeof(struct igvm_required_memory));
	CHECK_REFUSED(finish(), ERR_FORMAT, "over the monitor");
	/* The calling area has no place: content behind the secrets page, or the end of RAM. */
	begin();
	put_page(SECRETS + PAGE_SIZE, file_content(&file, 1), 0, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "no place for a calling area");
	begin();
	put_page(0x7FFFF000, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	put_context(SEV_FEATURE_SNP_ACTIVE);
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_UNSUPPORTED, "no place for a calling area");
}

TEST(bad_pages)
{
	begin();
	put_page(0x100000, 0, IGVM_PAGE_FLAG_SHARED, IGVM_PAGE_TYPE_NORMAL);
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "shared with the host");
	begin();
	put_page(0x100000, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	CHECK_REFUSED(finish(), ERR_FORMAT, "one secrets page");
	begin();
	put_context(SEV_FEATURE_SNP_ACTIVE);
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_UNSUPPORTED, "no place for a calling area");
	begin();
	file_area(&file, 0, 0x10001000);
	file_insert(&file, 0x10000000, MASK, 0);
	CHECK_REFUSED(finish(), ERR_FORMAT, "more pages than firmware may have");
	/* 256 MiB are not too many for an area, but with another page they are. */
	begin();
	file_area(&file, 0, 0x10000000);
	file_insert(&file, 0x10000000, MASK, 0);
	CHECK_REFUSED(finish(), ERR_FORMAT, "more pages than firmware may have");
}

TEST(bad_contexts)
{
	struct igvm_vp_context context = { .gpa = 0xFFFFFFFFE000, .compatibility_mask = MASK, .vp_index = 1 };

	begin();
	put_page(SECRETS, 0, 0, IGVM_PAGE_TYPE_SECRETS);
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_FORMAT, "no context");
	begin();
	context.file_offset = file_content(&file, 0);
	file_header(&file, IGVM_VHT_VP_CONTEXT, &context, sizeof(context));
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "second processor");
	begin();
	context.vp_index = 0;
	put_context(SEV_FEATURE_SNP_ACTIVE);
	context.file_offset = file.size - 4096u;
	file_header(&file, IGVM_VHT_VP_CONTEXT, &context, sizeof(context));
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_UNSUPPORTED, "second processor");
	begin();
	put_context(0);
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_FORMAT, "bit 0 of SEV_FEATURES");
	begin();
	put_context(SEV_FEATURE_SNP_ACTIVE | SEV_FEATURE_VTOM);
	CHECK_REFUSED(finish_at(MONITOR_GPA), ERR_UNSUPPORTED, "virtual top of memory");
	file_begin(&file, 1);
	file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM,
		    &(struct igvm_supported_platform){ MASK, 2, IGVM_PLATFORM_SEV_SNP, 1, 1ull << 46 },
		    sizeof(struct igvm_supported_platform));
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "virtual top of memory");
}

static int finish_with_parameter(uint32_t type, uint32_t offset, uint64_t gpa)
{
	file_parameter(&file, type, 0, offset);
	file_insert(&file, gpa, MASK, 0);
	return finish();
}

static void begin_area(void)
{
	begin();
	file_area(&file, 0, 4096);
}

TEST(bad_parameters)
{
	static const uint32_t unknown[] = { IGVM_VHT_SRAT, IGVM_VHT_SLIT, IGVM_VHT_PPTT, IGVM_VHT_DEVICE_TREE,
					    IGVM_VHT_COMMAND_LINE, IGVM_VHT_MMIO_RANGES };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		begin_area();
		CHECK_REFUSED(finish_with_parameter(unknown[i], 0, 0x700000), ERR_UNSUPPORTED, "cannot give");
		CHECK_EQ(error.type, unknown[i]);
		begin_area();
		CHECK_EQ(finish_with_parameter(unknown[i] | IGVM_TYPE_OPTIONAL, 0, 0x700000), 0);
	}
	begin_area();
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_MADT, 8, 0x700000), ERR_UNSUPPORTED, "cannot give");
	begin_area();
	file_parameter(&file, IGVM_VHT_MEMORY_MAP, 0, 0x800);
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_MADT, 0, 0x700000), ERR_UNSUPPORTED, "cannot give");
	begin_area();
	file_parameter(&file, IGVM_VHT_MEMORY_MAP, 0, 0);
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_MEMORY_MAP, 0x800, 0x700000), ERR_FORMAT, "second memory map");
	begin_area();
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_MEMORY_MAP, 0xFE0, 0x700000), ERR_FORMAT, "no room");
	begin_area();
	file_parameter(&file, IGVM_VHT_VP_COUNT_PARAMETER, 0, 0);
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_VP_COUNT_PARAMETER, 8, 0x700000), ERR_FORMAT, "second number");
	begin_area();
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_VP_COUNT_PARAMETER, 0, 0), ERR_FORMAT, "address 0");
	begin_area();
	for (uint32_t i = 0; i < 64; i++)
		file_parameter(&file, IGVM_VHT_ENVIRONMENT_INFO, 0, i * 4);
	CHECK_REFUSED(finish_with_parameter(IGVM_VHT_ENVIRONMENT_INFO, 256, 0x700000), ERR_UNSUPPORTED, "too many");
}

TEST(other_directives)
{
	static struct igvm_snp_id_block block = { .compatibility_mask = MASK, .version = 1 };
	static const uint8_t range[16];

	begin();
	file_header(&file, IGVM_VHT_SNP_ID_BLOCK, &block, sizeof(block));
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "signs the firmware alone");
	begin();
	file_header(&file, IGVM_VHT_ERROR_RANGE, range, sizeof(range));
	CHECK_REFUSED(finish(), ERR_UNSUPPORTED, "no meaning");
	begin();
	file_header(&file, IGVM_VHT_ERROR_RANGE | IGVM_TYPE_OPTIONAL, range, sizeof(range));
	CHECK_EQ(finish(), 0);
	firmware_free(&firmware);
}
