/* SPDX-License-Identifier: MIT */
/* engine.h - an engine of tests: answers what the test says, and notes how it was used. */
#ifndef TESTS_MOCK_ENGINE_H
#define TESTS_MOCK_ENGINE_H

#include "services/vtpm/engine.h"

struct mock_engine {
	bool on;
	uint32_t starts, stops, processed;
	int start_error;          /* of the start with that number (from 1) and of all later ones; 0: none fails */
	uint32_t start_error_at;
	const uint8_t *response;  /* to all but TPM2_Startup and TPM2_CreatePrimary; NULL: success without parameters */
	uint32_t response_size;
	bool no_response;
	bool bad_key;             /* CreatePrimary answers with something else than the key */
	uint32_t last_locality, last_code;
	const struct store *store; /* it was started with */
};

extern struct mock_engine mock_engine;

/* As at first; the next start manufactures again if its store is empty. */
void mock_engine_reset(void);

#endif
