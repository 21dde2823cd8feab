/* SPDX-License-Identifier: MIT */
/* Copies of files with a header more or less: what they launch stays the same. */
#include "tests/unit/igvm_file.h"
#include "tests/unit/unit.h"
#include "tools/igvm/check.h"
#include "tools/igvm/digest.h"
#include "tools/igvm/edit.h"

static const struct igvm_snp_id_block id_block = { .compatibility_mask = 1, .version = 1, .guest_svn = 9 };
static const struct edit add_block = { .drop_type = IGVM_VHT_SNP_ID_BLOCK, .drop_mask = 1, .add_type = IGVM_VHT_SNP_ID_BLOCK,
				       .add_body = &id_block, .add_size = sizeof(id_block) };
static const struct edit drop_block = { .drop_type = IGVM_VHT_SNP_ID_BLOCK, .drop_mask = 1 };

static bool digest_of(const void *data, size_t size, uint8_t digest[SNP_DIGEST_SIZE], unsigned *blocks)
{
	struct summary summary = { 0 };
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_error error;
	struct igvm_file file;
	bool good = igvm_open(&file, data, size, &error) == 0 && check_file(&file, &summary, &error) == 0 &&
		    digest_compute(&file, 1, LOADER_QEMU, digest, &error) == 0;

	*blocks = 0;
	while (good && igvm_next(&file, &cursor, &header, &error) == 0)
		*blocks += header.type == IGVM_VHT_SNP_ID_BLOCK;
	summary_free(&summary);
	return good;
}

/* filler: so many headers more in front, so that the block fits in front of the contents or does not. */
static void check_round_trip(unsigned filler, uint32_t version, bool grows)
{
	uint8_t before[SNP_DIGEST_SIZE], after[SNP_DIGEST_SIZE];
	struct igvm_error error;
	struct test_file test;
	struct igvm_file file;
	struct blob with, again, without;
	uint32_t content;
	unsigned blocks;

	file_begin(&test, version);
	content = file_content(&test, 0xA5);
	file_platform(&test, 1);
	for (unsigned i = 0; i < filler; i++)
		file_page(&test, 0x100000 + i * 4096, 1, content);
	file_context(&test, IGVM_KVM_VMSA_GPA, 1, file_content(&test, 3));
	file_finish(&test);
	REQUIRE(digest_of(test.data, test.size, before, &blocks) && blocks == 0);
	REQUIRE(igvm_open(&file, test.data, test.size, &error) == 0);
	REQUIRE(edit_file(&file, &add_block, &with, &error) == 0);
	CHECK_EQ(with.size > test.size, grows);
	CHECK(digest_of(with.data, with.size, after, &blocks) && blocks == 1);
	CHECK(memcmp(before, after, sizeof(before)) == 0);
	/* Once more replaces it; and without it, the file launches what it did. */
	REQUIRE(igvm_open(&file, with.data, with.size, &error) == 0);
	REQUIRE(edit_file(&file, &add_block, &again, &error) == 0);
	CHECK_EQ(again.size, with.size);
	CHECK(digest_of(again.data, again.size, after, &blocks) && blocks == 1);
	REQUIRE(edit_file(&file, &drop_block, &without, &error) == 0);
	CHECK(digest_of(without.data, without.size, after, &blocks) && blocks == 0);
	CHECK(memcmp(before, after, sizeof(before)) == 0);
	blob_free(&with);
	blob_free(&again);
	blob_free(&without);
}

TEST(contents_stay_where_they_are)
{
	check_round_trip(1, 1, false);
	check_round_trip(1, 2, false);
}

TEST(contents_move_and_are_found)
{
	check_round_trip(50, 1, true);
	check_round_trip(50, 2, true);
}

TEST(another_platforms_block_stays)
{
	const struct igvm_supported_platform second = { .compatibility_mask = 2, .platform_type = IGVM_PLATFORM_SEV_SNP };
	struct igvm_snp_id_block other = { .compatibility_mask = 2, .version = 1 };
	uint8_t digest[SNP_DIGEST_SIZE];
	struct igvm_error error;
	struct test_file test;
	struct igvm_file file;
	struct blob out;
	unsigned blocks;

	file_begin(&test, 1);
	file_header(&test, IGVM_VHT_SUPPORTED_PLATFORM, &second, sizeof(second));
	file_platform(&test, 1);
	file_header(&test, IGVM_VHT_SNP_ID_BLOCK, &other, sizeof(other));
	file_finish(&test);
	REQUIRE(igvm_open(&file, test.data, test.size, &error) == 0);
	REQUIRE(edit_file(&file, &add_block, &out, &error) == 0);
	CHECK(digest_of(out.data, out.size, digest, &blocks) && blocks == 2);
	blob_free(&out);
}

TEST(unknown_headers_do_not_move)
{
	struct igvm_error error;
	struct test_file test;
	struct igvm_file file;
	struct blob out;
	uint32_t content, unknown;

	file_begin(&test, 1);
	content = file_content(&test, 1);
	file_platform(&test, 1);
	unknown = file_header(&test, 0x3F0 | IGVM_TYPE_OPTIONAL, "12345678", 8);
	for (unsigned i = 0; i < 50; i++)
		file_page(&test, 0x100000 + i * 4096, 1, content);
	file_finish(&test);
	REQUIRE(igvm_open(&file, test.data, test.size, &error) == 0);
	CHECK_EQ(edit_file(&file, &add_block, &out, &error), ERR_UNSUPPORTED);
	CHECK_EQ(error.offset, unknown);
	CHECK(out.data == NULL);
	CHECK_EQ(edit_file(&file, &drop_block, &out, &error), 0); /* nothing has to move */
	blob_free(&out);
}
