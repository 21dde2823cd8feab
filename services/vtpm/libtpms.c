/* SPDX-License-Identifier: MIT */
/* The engine: libtpms. All seven of its callbacks are set: without them it would look for files. */
#include <stdlib.h>
#include <string.h>

#include <libtpms/tpm_types.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_error.h>
#include <libtpms/tpm_nvfilename.h>
#include <libtpms/tpm_tis.h>

#include "services/vtpm/engine.h"

#define HEADER_SIZE 10u

const char *const engine_objects[] = { TPM_PERMANENT_ALL_NAME, TPM_VOLATILESTATE_NAME, TPM_SAVESTATE_NAME, NULL };

static const struct store *current_store;
static uint32_t current_locality;
static unsigned char *response_buffer;
static uint32_t response_buffer_size;

/* ---- callbacks ---- */

static TPM_RESULT nothing_to_do(void)
{
	return TPM_SUCCESS;
}

static TPM_RESULT load_data(unsigned char **data, uint32_t *size, uint32_t tpm_number, const char *name)
{
	int error = current_store->load(current_store->context, name, data, size);

	(void)tpm_number;
	if (error == ERR_NOT_FOUND)
		return TPM_RETRY; /* which makes it manufacture one */
	return error == 0 ? TPM_SUCCESS : TPM_FAIL;
}

static TPM_RESULT store_data(const unsigned char *data, uint32_t size, uint32_t tpm_number, const char *name)
{
	(void)tpm_number;
	return current_store->save(current_store->context, name, data, size) == 0 ? TPM_SUCCESS : TPM_FAIL;
}

static TPM_RESULT delete_name(uint32_t tpm_number, const char *name, TPM_BOOL must_exist)
{
	int error = current_store->remove(current_store->context, name);

	(void)tpm_number;
	return error == 0 || (error == ERR_NOT_FOUND && !must_exist) ? TPM_SUCCESS : TPM_FAIL;
}

static TPM_RESULT get_locality(TPM_MODIFIER_INDICATOR *locality, uint32_t tpm_number)
{
	(void)tpm_number;
	*locality = current_locality;
	return TPM_SUCCESS;
}

/* Nobody is present. */
static TPM_RESULT get_presence(TPM_BOOL *presence, uint32_t tpm_number)
{
	(void)tpm_number;
	*presence = 0;
	return TPM_SUCCESS;
}

/* ---- start and stop ---- */

static int prepare(void)
{
	static bool prepared;
	static struct libtpms_callbacks callbacks = { .sizeOfStruct = sizeof(callbacks),
						      .tpm_nvram_init = nothing_to_do,
						      .tpm_nvram_loaddata = load_data,
						      .tpm_nvram_storedata = store_data,
						      .tpm_nvram_deletename = delete_name,
						      .tpm_io_init = nothing_to_do,
						      .tpm_io_getlocality = get_locality,
						      .tpm_io_getphysicalpresence = get_presence };

	if (prepared)
		return 0;
	if (TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2) != TPM_SUCCESS ||
	    TPMLIB_RegisterCallbacks(&callbacks) != TPM_SUCCESS)
		return ERR_FAULT;
	/* The TPM tells its client this limit, and keeps to it. */
	(void)TPMLIB_SetBufferSize(ENGINE_COMMAND_MAX, NULL, NULL);
	prepared = true;
	return 0;
}

int engine_start(const struct store *store)
{
	if (prepare() != 0)
		return ERR_FAULT;
	current_store = store;
	current_locality = 0;
	if (TPMLIB_MainInit() == TPM_SUCCESS)
		return 0;
	TPMLIB_Terminate();
	return ERR_FAULT;
}

void engine_stop(void)
{
	TPMLIB_Terminate();
	if (response_buffer != NULL)
		explicit_bzero(response_buffer, response_buffer_size);
	free(response_buffer);
	response_buffer = NULL;
	response_buffer_size = 0;
}

/* ---- use ---- */

uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity)
{
	static uint8_t copy[ENGINE_COMMAND_MAX];
	uint32_t response_size = 0;
	TPM_RESULT result;

	if (size > sizeof(copy) || locality > ENGINE_LOCALITY_MAX)
		return 0;
	memcpy(copy, command, size);
	current_locality = locality;
	result = TPMLIB_Process(&response_buffer, &response_size, &response_buffer_size, copy, size);
	explicit_bzero(copy, size); /* it may carry authorisations */
	if (result != TPM_SUCCESS || response_size < HEADER_SIZE || response_size > capacity)
		return 0;
	memcpy(response, response_buffer, response_size);
	explicit_bzero(response_buffer, response_size); /* it may carry what was sealed */
	return response_size;
}

static enum TPMLIB_StateType state_type(enum engine_state kind)
{
	return kind == ENGINE_STATE_PERMANENT ? TPMLIB_STATE_PERMANENT : TPMLIB_STATE_VOLATILE;
}

int engine_get_state(enum engine_state kind, uint8_t **data, uint32_t *size)
{
	unsigned char *state;

	if (TPMLIB_GetState(state_type(kind), &state, size) != TPM_SUCCESS)
		return ERR_FAULT;
	*data = state;
	return 0;
}

int engine_set_state(enum engine_state kind, const uint8_t *data, uint32_t size)
{
	if (prepare() != 0)
		return ERR_FAULT;
	return TPMLIB_SetState(state_type(kind), data, size) == TPM_SUCCESS ? 0 : ERR_FORMAT;
}

int engine_hash_start(void)
{
	return TPM_IO_Hash_Start() == TPM_SUCCESS ? 0 : ERR_FAULT;
}

int engine_hash_data(const uint8_t *data, uint32_t size)
{
	return TPM_IO_Hash_Data(data, size) == TPM_SUCCESS ? 0 : ERR_FAULT;
}

int engine_hash_end(void)
{
	return TPM_IO_Hash_End() == TPM_SUCCESS ? 0 : ERR_FAULT;
}
