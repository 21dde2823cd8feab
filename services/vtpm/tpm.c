/* SPDX-License-Identifier: MIT */
#include "services/vtpm/tpm.h"

#include <string.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/endorsement.h"
#include "services/vtpm/failure.h"

enum key_state { KEY_WANTED, KEY_KNOWN, KEY_NONE, KEY_GONE };

static const struct store *state_store;
static const char *failure; /* why; NULL: WORKING */
static enum key_state key_state;
static uint8_t key[ENDORSEMENT_PUBLIC_MAX];
static uint32_t key_size;

static void fail(const char *reason)
{
	if (failure == NULL)
		engine_stop();
	failure = reason;
}

bool tpm_has_failed(void)
{
	return failure != NULL;
}

const char *tpm_failure_reason(void)
{
	return failure == NULL ? "none" : failure;
}

/* ---- start ---- */

static bool store_has_state(void)
{
	uint8_t *data;
	uint32_t size;

	if (state_store->load(state_store->context, engine_objects[0], &data, &size) != 0)
		return false;
	store_free(data, size);
	return true;
}

static void start_engine(void)
{
	failure = engine_start(state_store) == 0 ? NULL : "the engine does not start";
	if (failure == NULL && !store_has_state())
		fail("its state is not kept");
}

void tpm_start(const struct store *store, bool failed)
{
	state_store = store;
	key_state = KEY_WANTED;
	if (failed)
		failure = "it ran before, and its state is lost";
	else
		start_engine();
}

void tpm_reset(void)
{
	if (failure != NULL && !store_has_state())
		return;
	if (failure == NULL)
		engine_stop();
	if (key_state != KEY_KNOWN)
		key_state = KEY_WANTED;
	start_engine();
}

/* ---- the endorsement key ---- */

/* Only while the guest has sent no command since the last start: the engine is started anew. */
static void need_key(void)
{
	if (key_state != KEY_WANTED || failure != NULL)
		return;
	engine_stop();
	key_state = endorsement_compute(state_store, key, &key_size) == 0 ? KEY_KNOWN : KEY_NONE;
	start_engine();
}

int tpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size)
{
	need_key();
	if (failure != NULL || key_state == KEY_GONE)
		return ERR_STATE;
	if (key_state != KEY_KNOWN)
		return ERR_FAULT;
	if (key_size > capacity)
		return ERR_OVERFLOW;
	memcpy(out, key, key_size);
	*size = key_size;
	return 0;
}

/* ---- commands ---- */

static uint32_t execute(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response)
{
	uint32_t code = tpm2_read32(command + 6), response_size;

	response_size = engine_process(locality, command, size, response, ENGINE_RESPONSE_MAX);
	if (response_size < TPM_HEADER_SIZE || tpm2_read32(response + 2) != response_size) {
		fail("the engine gave no response");
		return tpm2_write_code(response, TPM2_RC_FAILURE);
	}
	/* Another seed: the key of the manifest cannot be made any more. */
	if (code == TPM2_CC_CHANGE_EPS && tpm2_read32(response + 6) == TPM2_RC_SUCCESS)
		key_state = KEY_GONE;
	return response_size;
}

uint32_t tpm_command(uint32_t locality, const uint8_t *command, uint32_t command_size, uint8_t *response)
{
	if (command_size < TPM_HEADER_SIZE || command_size > ENGINE_COMMAND_MAX ||
	    tpm2_read32(command + 2) != command_size)
		return tpm2_write_code(response, TPM2_RC_COMMAND_SIZE);
	if (locality > ENGINE_LOCALITY_MAX)
		return tpm2_write_code(response, TPM2_RC_LOCALITY);
	need_key();
	if (failure != NULL)
		return failure_command(command, command_size, response);
	/* Not offered: its implementation writes to an array before it checks the index. */
	if (tpm2_read32(command + 6) == TPM2_CC_CERTIFY_X509)
		return tpm2_write_code(response, TPM2_RC_COMMAND_CODE);
	return execute(locality, command, command_size, response);
}
