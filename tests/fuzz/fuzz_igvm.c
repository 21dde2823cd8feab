/* SPDX-License-Identifier: MIT */
/*
 * Reader of IGVM files, the checks between headers and the launch digest. The checksum would hide everything behind
 * it, so that odd inputs are taken as the variable headers of a file that is otherwise right; even ones are whole files.
 */
#include <stdint.h>
#include <stdlib.h>

#include "abi/launch.h"
#include "tests/mock/region.h"
#include "tests/unit/exact_copy.h"
#include "tests/unit/igvm_file.h"
#include "tools/igvm/check.h"
#include "tools/igvm/digest.h"
#include "tools/igvm/edit.h"
#include "tools/igvm/firmware.h"
#include "tools/igvm/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Steps of both loaders, this monitor's pages, and a copy with an ID block more, which must be as good as the file. */
static int read_further(const struct igvm_file *file, struct igvm_error *error)
{
	const struct igvm_snp_id_block block = { .compatibility_mask = 1, .version = 1 };
	const struct edit edit = { .drop_type = IGVM_VHT_SNP_ID_BLOCK, .drop_mask = 1, .add_type = IGVM_VHT_SNP_ID_BLOCK,
				   .add_body = &block, .add_size = sizeof(block) };
	uint8_t digest[2][SNP_DIGEST_SIZE];
	struct summary summary = { 0 };
	static struct own_pages own;
	struct igvm_file copy;
	struct blob blob;
	int result = digest_compute(file, 1, LOADER_QEMU, digest[0], error);

	if (result == 0)
		result = digest_compute(file, 1, LOADER_LIBRARY, digest[0], error);
	if (result != 0 || own_find(file, &own, error) == ERR_FORMAT)
		return result;
	if (edit_file(file, &edit, &blob, error) != 0)
		return error->text[0] == '\0' ? (abort(), 0) : 0;
	if (igvm_open(&copy, blob.data, blob.size, error) != 0 || check_file(&copy, &summary, error) != 0 ||
	    digest_compute(&copy, 1, LOADER_LIBRARY, digest[1], error) != 0 ||
	    memcmp(digest[0], digest[1], SNP_DIGEST_SIZE) != 0)
		abort();
	summary_free(&summary);
	blob_free(&blob);
	return 0;
}

/* As firmware: what is taken has its places in order, and none is the monitor's. */
static int read_firmware(const struct igvm_file *file, const struct summary *summary, struct igvm_error *error)
{
	struct firmware firmware;
	int result = firmware_read(&firmware, file, summary, MONITOR_GPA, error);

	for (size_t i = 0; result == 0 && i < firmware.page_count; i++) {
		const struct firmware_page *page = &firmware.page[i];

		if ((i != 0 && page[-1].gpa >= page->gpa) || ranges_overlap(page->gpa, PAGE_SIZE, MONITOR_GPA, MONITOR_SIZE) ||
		    (page->kind == LAUNCH_RANGE_IMAGE) != (page->content != NULL))
			abort();
		/* The sanitizer sees whether content lies in the file. */
		if (page->content != NULL && memchr(page->content, 0x100, PAGE_SIZE) == page->content + PAGE_SIZE)
			abort();
	}
	firmware_free(&firmware);
	return result;
}

static void read_file(const uint8_t *data, size_t size)
{
	uint8_t *copy = exact_copy(data, size);
	struct summary summary = { 0 };
	struct igvm_error error;
	struct igvm_file file;
	int result;

	result = igvm_open(&file, copy, size, &error);
	if (result == 0)
		result = check_file(&file, &summary, &error);
	if (result == 0) {
		uint64_t pages = 0;

		for (size_t i = 0; i < summary.extent_count; i++)
			pages += summary.extent[i].size / PAGE_SIZE;
		if (pages < 4096) /* areas can be huge: a digest of them takes long and shows nothing */
			result = read_further(&file, &error);
		if (pages < 4096 && read_firmware(&file, &summary, &error) != 0 && error.text[0] == '\0')
			abort();
	}
	if (result != 0 && error.text[0] == '\0')
		abort();
	summary_free(&summary);
	free(copy);
}

/* What all firmware must have, if there is room: a secrets page and a context with bit 0 of SEV_FEATURES. */
static void finish_firmware(struct test_file *file)
{
	const struct igvm_page_data secrets = { .gpa = 0x80D000, .compatibility_mask = 1, .data_type = IGVM_PAGE_TYPE_SECRETS };

	file_header(file, IGVM_VHT_PAGE_DATA, &secrets, sizeof(secrets));
	file_context(file, IGVM_KVM_VMSA_GPA, 1, file_content(file, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_file file;
	size_t length;

	if (size == 0 || data[0] % 2 == 0) {
		read_file(data + (size != 0), size - (size != 0));
		return 0;
	}
	file_begin(&file, 1 + (data[0] / 2) % 2);
	file_content(&file, 0x5A);
	length = size - 1 < FILE_HEADERS_MAX - file.headers_end ? size - 1 : FILE_HEADERS_MAX - file.headers_end;
	/* With a platform in front, directives have something to belong to. */
	if (data[0] & 4) {
		file_platform(&file, 1);
		length = length < FILE_HEADERS_MAX - file.headers_end ? length : FILE_HEADERS_MAX - file.headers_end;
	}
	memcpy(file.data + file.headers_end, data + 1, length);
	file.headers_end += (uint32_t)length;
	if (data[0] & 8)
		finish_firmware(&file);
	file_finish(&file);
	read_file(file.data, file.size);
	return 0;
}
