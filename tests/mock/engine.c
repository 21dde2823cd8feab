/* SPDX-License-Identifier: MIT */
#include "tests/mock/engine.h"

#include <stdlib.h>
#include <string.h>

#include "services/vtpm/codes.h"

#define KEY_HEADER 58u
#define KEY_SIZE 314u

struct mock_engine mock_engine;
const char *const engine_objects[] = { "permall", "volatilestate", "savestate", NULL };

void mock_engine_reset(void)
{
	mock_engine = (struct mock_engine){ .on = false };
}

int engine_start(const struct store *store)
{
	uint8_t *data;
	uint32_t size;

	if (mock_engine.on)
		abort();
	mock_engine.starts++;
	if (mock_engine.start_error != 0 && mock_engine.starts >= mock_engine.start_error_at)
		return mock_engine.start_error;
	mock_engine.store = store;
	if (store->load(store->context, "permall", &data, &size) == 0) {
		store_free(data, size);
	} else if (store->save(store->context, "permall", (const uint8_t *)"made", 4) != 0) {
		return ERR_FAULT;
	}
	mock_engine.on = true;
	return 0;
}

void engine_stop(void)
{
	if (!mock_engine.on)
		abort();
	mock_engine.stops++;
	mock_engine.on = false;
}

/* What TPM2_CreatePrimary answers for template L-1: the template as it was sent, with a modulus of 0xA5. */
static uint32_t make_key(const uint8_t *command, uint8_t *response)
{
	uint32_t size = 10 + 4 + 4 + 2 + KEY_SIZE;

	memset(response, 0, size);
	tpm2_write_code(response, TPM2_RC_SUCCESS);
	tpm2_write32(response + 2, size);
	tpm2_write16(response + 18, KEY_SIZE);
	memcpy(response + 20, command + 35, KEY_HEADER); /* behind hierarchy, session, secret and size */
	memset(response + 20 + KEY_HEADER, mock_engine.bad_key ? 0 : 0xA5, KEY_SIZE - KEY_HEADER);
	if (mock_engine.bad_key)
		response[20] = 0x77;
	return size;
}

uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity)
{
	uint32_t code = tpm2_read32(command + 6);

	if (!mock_engine.on || size < 10 || capacity != ENGINE_RESPONSE_MAX)
		abort();
	mock_engine.processed++;
	mock_engine.last_locality = locality;
	mock_engine.last_code = code;
	if (code == TPM2_CC_STARTUP && mock_engine.response == NULL)
		return tpm2_write_code(response, TPM2_RC_SUCCESS);
	if (code == TPM2_CC_CREATE_PRIMARY && mock_engine.response == NULL)
		return make_key(command, response);
	if (mock_engine.no_response)
		return 0;
	if (mock_engine.response == NULL)
		return tpm2_write_code(response, TPM2_RC_SUCCESS);
	memcpy(response, mock_engine.response, mock_engine.response_size);
	return mock_engine.response_size;
}

int engine_hash_start(void)
{
	return mock_engine.on ? 0 : ERR_FAULT;
}

int engine_hash_data(const uint8_t *data, uint32_t size)
{
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + data[i]); /* all of it can be read */
	return mock_engine.on ? 0 : ERR_FAULT;
}

int engine_hash_end(void)
{
	return mock_engine.on ? 0 : ERR_FAULT;
}
