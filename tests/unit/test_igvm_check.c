/* SPDX-License-Identifier: MIT */
/* The rules that hold between headers, and the launch digest. */
#include "tests/unit/igvm_file.h"
#include "tests/unit/unit.h"
#include "tools/igvm/check.h"
#include "tools/igvm/digest.h"

static int check(struct test_file *test, struct igvm_error *error)
{
	struct summary summary = { 0 };
	struct igvm_file file;
	int result;

	file_finish(test);
	*error = (struct igvm_error){ "", 0, 0 };
	result = igvm_open(&file, test->data, test->size, error);
	if (result == 0)
		result = check_file(&file, &summary, error);
	summary_free(&summary);
	return result;
}

#define CHECK_BAD(file, bad_offset) \
	do { \
		struct igvm_error error_; \
		CHECK_EQ(check(&(file), &error_), ERR_FORMAT); \
		CHECK_EQ(error_.offset, bad_offset); \
		CHECK(error_.text[0] != '\0'); \
	} while (0)

static struct test_file begin(void)
{
	struct test_file file;

	file_begin(&file, 1);
	file_platform(&file, 1);
	return file;
}

TEST(sample_is_good)
{
	struct test_file file;
	struct igvm_error error;

	file_sample(&file, 1);
	CHECK_EQ(check(&file, &error), 0);
}

TEST(a_platform_is_needed)
{
	struct test_file file;
	struct igvm_error error;

	file_begin(&file, 1);
	file_area(&file, 0, 4096);
	CHECK_EQ(check(&file, &error), ERR_FORMAT);
}

TEST(pages_may_not_overlap)
{
	struct test_file file = begin();
	uint32_t bad;

	file_page(&file, 0x5000, 1, 0);
	file_page(&file, 0x3000, 1, 0);
	bad = file_page(&file, 0x5000, 1, 0);
	CHECK_BAD(file, bad);
}

TEST(large_pages_overlap_small_ones)
{
	struct igvm_page_data large = { .gpa = 0x200000, .compatibility_mask = 1, .flags = IGVM_PAGE_FLAG_2M };
	struct test_file file = begin();
	uint32_t bad;

	file_page(&file, 0x3FF000, 1, 0);
	bad = file_header(&file, IGVM_VHT_PAGE_DATA, &large, sizeof(large));
	CHECK_BAD(file, bad);
}

TEST(pages_parameters_and_contexts_may_not_overlap)
{
	struct test_file file = begin();
	uint32_t bad, content = file_content(&file, 0);

	file_area(&file, 0, 8192);
	file_page(&file, 0x4000, 1, content);
	bad = file_insert(&file, 0x3000, 1, 0);
	CHECK_BAD(file, bad);

	file = begin();
	content = file_content(&file, 0);
	file_page(&file, 0x4000, 1, content);
	bad = file_context(&file, 0x4000, 1, content);
	CHECK_BAD(file, bad);
}

TEST(different_platforms_may_share_addresses)
{
	struct test_file file;
	struct igvm_error error;
	const struct igvm_supported_platform second = { .compatibility_mask = 2,
							.platform_type = IGVM_PLATFORM_SEV_SNP };
	uint32_t bad;

	file_begin(&file, 1);
	file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM, &second, sizeof(second));
	file_platform(&file, 1);
	file_page(&file, 0x1000, 1, 0);
	file_page(&file, 0x1000, 2, 0);
	CHECK_EQ(check(&file, &error), 0);
	bad = file_page(&file, 0x1000, 3, 0);
	CHECK_BAD(file, bad);
}

TEST(masks)
{
	struct test_file file = begin();
	uint32_t bad = file_page(&file, 0x1000, 2, 0);

	CHECK_BAD(file, bad);
	file = begin();
	bad = file_page(&file, 0x1000, 0, 0);
	CHECK_BAD(file, bad);
	file_begin(&file, 1);
	file_platform(&file, 1);
	bad = file_header(&file, IGVM_VHT_GUEST_POLICY, &(struct igvm_guest_policy){ 0x30000, 4, 0 }, 16);
	CHECK_BAD(file, bad);
	file_begin(&file, 1);
	file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM, &(struct igvm_supported_platform){ .compatibility_mask = 1 },
		    16);
	bad = file_header(&file, IGVM_VHT_SUPPORTED_PLATFORM,
			  &(struct igvm_supported_platform){ .compatibility_mask = 1 }, 16);
	CHECK_BAD(file, bad);
}

TEST(parameters)
{
	struct test_file file = begin();
	uint32_t bad = file_parameter(&file, IGVM_VHT_MEMORY_MAP, 0, 0);

	CHECK_BAD(file, bad); /* no such area */
	file = begin();
	file_area(&file, 7, 4096);
	bad = file_area(&file, 7, 4096);
	CHECK_BAD(file, bad);
	file = begin();
	file_area(&file, 7, 4096);
	file_parameter(&file, IGVM_VHT_VP_COUNT_PARAMETER, 7, 4092);
	bad = file_parameter(&file, IGVM_VHT_VP_COUNT_PARAMETER, 7, 4093);
	CHECK_BAD(file, bad);
	file = begin();
	file_area(&file, 7, 4096);
	file_insert(&file, 0x1000, 1, 7);
	bad = file_parameter(&file, IGVM_VHT_MEMORY_MAP, 7, 0);
	CHECK_BAD(file, bad);
	file = begin();
	file_area(&file, 7, 4096);
	file_insert(&file, 0x1000, 1, 7);
	bad = file_insert(&file, 0x2000, 1, 7);
	CHECK_BAD(file, bad);
	file = begin();
	bad = file_insert(&file, 0x2000, 1, 7);
	CHECK_BAD(file, bad);
	file = begin();
	file_area(&file, 0, 0x2000);
	bad = file_insert(&file, 0xFFFFFFFFFFFFF000, 1, 0);
	CHECK_BAD(file, bad);
}

TEST(contents_must_lie_in_the_file)
{
	struct test_file file = begin();
	const struct igvm_parameter_area area = { 8192, 0, FILE_HEADERS_MAX };
	uint32_t bad;

	bad = file_page(&file, 0x1000, 1, FILE_SIZE_MAX);
	CHECK_BAD(file, bad);
	file = begin();
	bad = file_context(&file, 0x1000, 1, 0);
	CHECK_BAD(file, bad);
	file = begin();
	file_content(&file, 0);
	bad = file_header(&file, IGVM_VHT_PARAMETER_AREA, &area, sizeof(area));
	CHECK_BAD(file, bad);
}

static int compute(struct test_file *test, enum loader loader, char *text)
{
	uint8_t digest[SNP_DIGEST_SIZE];
	struct igvm_error error;
	struct igvm_file file;
	int result;

	file_finish(test);
	result = igvm_open(&file, test->data, test->size, &error);
	if (result == 0)
		result = digest_compute(&file, 1, loader, digest, &error);
	digest_format(digest, text);
	return result;
}

#define DIGEST_TEXT (2 * SNP_DIGEST_SIZE + 1)

/* Expected values were computed with another implementation of SHA-384 (Python's hashlib). */
TEST(digests)
{
	struct test_file file;
	char text[DIGEST_TEXT];

	file_begin(&file, 1);
	file_platform(&file, 1);
	REQUIRE(compute(&file, LOADER_LIBRARY, text) == 0);
	CHECK_TEXT(text,
		   "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000");
	file_sample(&file, 1);
	for (unsigned loader = 0; loader < LOADER_COUNT; loader++) {
		REQUIRE(compute(&file, (enum loader)loader, text) == 0);
		CHECK_TEXT(text, "9c4869ac17926671fcac646c46c272edb02a1e2f8beb9c7fb0f0d6b057d9e42a5e0a4c427a8ba51436533ac109ef9"
				 "32f");
	}
}

TEST(pages_without_content_depend_on_the_loader)
{
	char library[DIGEST_TEXT], qemu[DIGEST_TEXT], explicit_zeros[DIGEST_TEXT];
	struct test_file file = begin();

	file_page(&file, 0x1000, 1, 0);
	REQUIRE(compute(&file, LOADER_LIBRARY, library) == 0);
	REQUIRE(compute(&file, LOADER_QEMU, qemu) == 0);
	CHECK(strcmp(library, qemu) != 0);
	file = begin();
	file_page(&file, 0x1000, 1, file_content(&file, 0));
	REQUIRE(compute(&file, LOADER_LIBRARY, explicit_zeros) == 0);
	CHECK_TEXT(explicit_zeros, library);
	REQUIRE(compute(&file, LOADER_QEMU, qemu) == 0);
	CHECK_TEXT(qemu, library);
}

/* KVM launches save areas when everything else is in place, and knows but one address for them. */
TEST(contexts_depend_on_the_loader)
{
	char library[2][DIGEST_TEXT], qemu[2][DIGEST_TEXT];

	for (unsigned late = 0; late < 2; late++) {
		struct test_file file = begin();
		uint32_t content = file_content(&file, 7);

		if (late == 0)
			file_context(&file, IGVM_KVM_VMSA_GPA, 1, content);
		file_page(&file, 0x1000, 1, content);
		if (late == 1)
			file_context(&file, IGVM_KVM_VMSA_GPA, 1, content);
		REQUIRE(compute(&file, LOADER_LIBRARY, library[late]) == 0);
		REQUIRE(compute(&file, LOADER_QEMU, qemu[late]) == 0);
	}
	CHECK(strcmp(library[0], library[1]) != 0);
	CHECK_TEXT(qemu[0], qemu[1]);
	CHECK_TEXT(qemu[1], library[1]);
}

TEST(content_address_and_order_enter_the_digest)
{
	char text[4][DIGEST_TEXT];

	for (unsigned i = 0; i < 4; i++) {
		struct test_file file = begin();
		uint32_t content = file_content(&file, i == 1 ? 2 : 1), other = file_content(&file, 9);

		file_page(&file, i == 2 ? 0x5000 : 0x1000, 1, i == 3 ? other : content);
		file_page(&file, 0x2000, 1, i == 3 ? content : other);
		REQUIRE(compute(&file, LOADER_LIBRARY, text[i]) == 0);
		for (unsigned j = 0; j < i; j++)
			CHECK(strcmp(text[i], text[j]) != 0);
	}
}

TEST(steps_are_the_launched_pages)
{
	struct test_file test;
	struct igvm_error error;
	struct igvm_file file;
	struct steps steps;
	static const struct {
		uint64_t gpa;
		uint8_t type;
	} expected[] = { { 0x3000, SNP_PAGE_TYPE_UNMEASURED },
			 { 0x1000, SNP_PAGE_TYPE_NORMAL },
			 { 0x2000, SNP_PAGE_TYPE_NORMAL },
			 { IGVM_KVM_VMSA_GPA, SNP_PAGE_TYPE_VMSA } };

	file_sample(&test, 1);
	REQUIRE(igvm_open(&file, test.data, test.size, &error) == 0);
	REQUIRE(steps_collect(&file, 1, LOADER_QEMU, &steps, &error) == 0);
	CHECK_EQ(steps.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < steps.count && i < ARRAY_SIZE(expected); i++) {
		CHECK_EQ(steps.step[i].gpa, expected[i].gpa);
		CHECK_EQ(steps.step[i].type, expected[i].type);
	}
	steps_free(&steps);
	REQUIRE(steps_collect(&file, 2, LOADER_QEMU, &steps, &error) == 0);
	CHECK_EQ(steps.count, 0); /* another platform's */
	steps_free(&steps);
}
