/* SPDX-License-Identifier: MIT */
/* Sequences of operations on page states, each checked against the model. */
#include "tests/unit/page_state_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct page_model model;

	model_start(&model);
	for (; size >= sizeof(uint64_t); data += sizeof(uint64_t), size -= sizeof(uint64_t)) {
		uint64_t number;

		memcpy(&number, data, sizeof(number));
		model_step(&model, number);
	}
	model_compare(&model);
	model_end(&model);
	return 0;
}
