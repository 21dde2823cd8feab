/* SPDX-License-Identifier: MIT */
/*
 * Reader of IGVM files, the checks between headers and the launch digest. The checksum would hide everything behind
 * it, so that odd inputs are taken as the variable headers of a file that is otherwise right; even ones are whole files.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/igvm_file.h"
#include "tools/igvm/check.h"
#include "tools/igvm/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	uint8_t digest[SNP_DIGEST_SIZE];
	struct summary summary = { 0 };
	struct igvm_error error;
	struct igvm_file file;
	bool ambiguous;
	int result;

	memcpy(copy, data, size);
	result = igvm_open(&file, copy, size, &error);
	if (result == 0)
		result = check_file(&file, &summary, &error);
	if (result == 0) {
		uint64_t pages = 0;

		for (size_t i = 0; i < summary.extent_count; i++)
			pages += summary.extent[i].size / PAGE_SIZE;
		if (pages < 4096) /* areas can be huge: a digest of them takes long and shows nothing */
			result = digest_compute(&file, 1, ZERO_PAGES_NORMAL, digest, &ambiguous, &error);
	}
	if (result != 0 && error.text[0] == '\0')
		abort();
	summary_free(&summary);
	free(copy);
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
	file_finish(&file);
	read_file(file.data, file.size);
	return 0;
}
