/* SPDX-License-Identifier: MIT */
/*
 * The TPM's front ends on an engine of the tests: the simulator's protocol, in pieces of any size, and behind it the checks
 * of commands, the failure mode, and the response with the endorsement key.
 */
#include <stdlib.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/endorsement.h"
#include "services/vtpm/tpm.h"
#include "tests/mock/engine.h"
#include "tests/tpm/mssim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct memory_store store;
static struct mssim mssim;

static void require(bool good)
{
	if (!good)
		abort();
}

static void check_answer(void)
{
	uint32_t operation = tpm2_read32(mssim.message), size;

	require(mssim.answer_size <= sizeof(mssim.answer));
	if (mssim.kind != MSSIM_COMMANDS || operation != 8)
		return;
	size = tpm2_read32(mssim.answer);
	require(size >= TPM_HEADER_SIZE && mssim.answer_size == size + 8);
	require(tpm2_read32(mssim.answer + 4 + 2) == size);
	if (tpm_has_failed() && tpm2_read32(mssim.answer + 4 + 6) == 0)
		require(size <= 27);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t flags;
	uint32_t found;

	if (size < 2)
		return 0;
	(void)endorsement_find_public(data, (uint32_t)size, &found);
	flags = *data++;
	size--;
	memory_store_clear(&store);
	memory_store_init(&store);
	mock_engine_reset();
	mock_engine.no_response = (flags & 1) != 0;
	mock_engine.bad_key = (flags & 2) != 0;
	tpm_start(&store.store, (flags & 4) != 0);
	mssim_open(&mssim, (flags & 8) != 0 ? MSSIM_PLATFORM : MSSIM_COMMANDS);
	while (size > 0) {
		size_t piece = 1u + (flags >> 4) * 7u, rest = piece < size ? piece : size;
		size_t left = rest;
		enum mssim_verdict verdict = MSSIM_ANSWER;

		while (left > 0 && verdict == MSSIM_ANSWER) {
			verdict = mssim_feed(&mssim, &data, &left);
			if (verdict == MSSIM_ANSWER)
				check_answer();
		}
		if (verdict == MSSIM_CLOSE || verdict == MSSIM_STOP)
			break;
		size -= rest;
	}
	return 0;
}
