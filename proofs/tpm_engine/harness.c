/* SPDX-License-Identifier: MIT */
/*
 * What lies between the service and libtpms: a library that answers anything that its headers allow, and a store that does.
 * Of bytes that are copied, one that nobody chose is followed.
 */
#include "proofs/prover.h"

#include "services/vtpm/libtpms.c"

#define TPM_RESULT_ANY ((TPM_RESULT)any_u32())

static uint64_t witness; /* place of the byte that is followed */
static const uint8_t *asked_command; /* what the caller gave */
static uint8_t asked_byte;
static uint32_t asked_locality, asked_size, answer_size, processed;
static bool answered, response_copied, command_wiped, response_wiped;
static const uint8_t *taken_command; /* the copy that the library got */
static uint8_t answer_byte;

static uint32_t chosen, registered, started, terminated, freed, wiped;
static bool library_on, chosen_good, registered_good;
static const struct store *store_in_use;
static struct store store;

void *memcpy(void *to, const void *from, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(to, size) && __CPROVER_r_ok(from, size)), "both sides are as long");
	if (witness < size)
		((uint8_t *)to)[witness] = ((const uint8_t *)from)[witness];
	response_copied = processed != 0;
	return to;
}

void explicit_bzero(void *from, size_t size)
{
	PROVE(__CPROVER_w_ok(from, size), "what is wiped is there");
	if (processed != 0) {
		command_wiped = command_wiped || (from == taken_command && size == asked_size);
		response_wiped = response_wiped || (from == response_buffer && size == answer_size && response_copied);
		return;
	}
	PROVE(from == response_buffer && size == response_buffer_size && freed == 0, "all of the response is wiped, before it is freed");
	wiped++;
}

void free(void *what)
{
	PROVE(what == NULL || (what == response_buffer && wiped == 1), "only the wiped response is freed");
	freed++;
}

/* ---- the library ---- */

TPM_RESULT TPMLIB_ChooseTPMVersion(TPMLIB_TPMVersion version)
{
	TPM_RESULT result = TPM_RESULT_ANY;

	PROVE(version == TPMLIB_TPM_VERSION_2 && !library_on, "version 2, chosen while it is off");
	chosen++;
	chosen_good = result == TPM_SUCCESS;
	return result;
}

TPM_RESULT TPMLIB_RegisterCallbacks(struct libtpms_callbacks *with)
{
	TPM_RESULT result = TPM_RESULT_ANY;

	PROVE(chosen_good && !library_on, "once the version was taken");
	PROVE(with->sizeOfStruct == (int)sizeof(*with) && with->tpm_nvram_init == nothing_to_do && with->tpm_nvram_loaddata == load_data &&
	      with->tpm_nvram_storedata == store_data && with->tpm_nvram_deletename == delete_name && with->tpm_io_init == nothing_to_do &&
	      with->tpm_io_getlocality == get_locality && with->tpm_io_getphysicalpresence == get_presence,
	      "all seven callbacks are set, each in its place");
	registered++;
	registered_good = result == TPM_SUCCESS;
	return result;
}

uint32_t TPMLIB_SetBufferSize(uint32_t wanted, uint32_t *smallest, uint32_t *largest)
{
	PROVE(wanted == ENGINE_COMMAND_MAX && smallest == NULL && largest == NULL, "the limit that the client is told");
	return any_u32();
}

TPM_RESULT TPMLIB_MainInit(void)
{
	TPM_RESULT result = TPM_RESULT_ANY;

	PROVE(chosen_good && registered_good && !library_on, "it starts with its callbacks, while it is off");
	PROVE(current_store == store_in_use && current_locality == 0, "on the store that was given");
	started++;
	library_on = any_bool() || result == TPM_SUCCESS;
	return result;
}

void TPMLIB_Terminate(void)
{
	terminated++;
	library_on = false;
}

/* The buffer may be another one afterwards, or gone. */
TPM_RESULT TPMLIB_Process(unsigned char **buffer, uint32_t *size, uint32_t *buffer_size, unsigned char *command, uint32_t command_size)
{
	TPM_RESULT result = TPM_RESULT_ANY;

	processed++;
	taken_command = command;
	PROVE(buffer == &response_buffer && buffer_size == &response_buffer_size, "the response's buffer is kept for the next one");
	PROVE(command_size == asked_size && __CPROVER_w_ok(command, command_size), "the library gets the whole command");
	PROVE(command != asked_command, "in a copy: nobody else changes it");
	PROVE(IMPLIES(witness < command_size, command[witness] == asked_byte), "and all of its bytes");
	PROVE(current_locality == asked_locality && asked_locality <= ENGINE_LOCALITY_MAX, "of the locality that was asked for");
	if (any_bool()) {
		*buffer_size = any_u32();
		*buffer = any_bool() ? NULL : __CPROVER_allocate(*buffer_size, 0);
	}
	*size = any_u32();
	ASSUME(IMPLIES(result == TPM_SUCCESS, *size <= *buffer_size && (*size == 0 || *buffer != NULL)));
	answered = result == TPM_SUCCESS;
	answer_size = *size;
	if (answered && witness < *size)
		answer_byte = (*buffer)[witness];
	return result;
}

static TPM_RESULT state_result;
static enum TPMLIB_StateType state_asked;
static const uint8_t state[1];
static uint32_t state_size;

TPM_RESULT TPMLIB_GetState(enum TPMLIB_StateType type, unsigned char **data, uint32_t *size)
{
	state_asked = type;
	state_result = TPM_RESULT_ANY;
	if (state_result == TPM_SUCCESS) {
		*data = (unsigned char *)state;
		*size = state_size;
	}
	return state_result;
}

TPM_RESULT TPMLIB_SetState(enum TPMLIB_StateType type, const unsigned char *data, uint32_t size)
{
	PROVE(registered_good && data == state && size == state_size, "the state that was given, to a library that is ready");
	state_asked = type;
	state_result = TPM_RESULT_ANY;
	return state_result;
}

TPM_RESULT TPM_IO_Hash_Start(void)
{
	state_result = TPM_RESULT_ANY;
	return state_result;
}

TPM_RESULT TPM_IO_Hash_Data(const unsigned char *data, uint32_t size)
{
	PROVE(data == state && size == state_size, "the data that was given");
	state_result = TPM_RESULT_ANY;
	return state_result;
}

TPM_RESULT TPM_IO_Hash_End(void)
{
	state_result = TPM_RESULT_ANY;
	return state_result;
}

/* ---- commands ---- */

static uint8_t *any_page(uint64_t size)
{
	ASSUME(size <= 1ull << 32);
	return __CPROVER_allocate(size, 0);
}

void prove_process(void)
{
	uint32_t size = any_u32(), capacity = any_u32(), locality = any_u32();
	uint8_t *command = any_page(size), *response = any_page(capacity), before = 0;

	witness = any_u64();
	if (any_bool() && capacity >= size)
		command = response; /* it may lie where the command does */
	if (any_bool()) {
		response_buffer_size = any_u32();
		response_buffer = any_page(response_buffer_size);
	}
	asked_command = command;
	asked_size = size;
	asked_locality = locality;
	if (witness < size)
		asked_byte = command[witness];
	if (witness < capacity)
		before = response[witness];
	uint32_t result = engine_process(locality, command, size, response, capacity);

	PROVE(result == 0 || (result >= HEADER_SIZE && result <= capacity && result == answer_size && answered), "none, or all of an answer that fits");
	PROVE(processed <= 1 && IMPLIES(size > ENGINE_COMMAND_MAX || locality > ENGINE_LOCALITY_MAX, processed == 0 && result == 0), "the library gets what is offered only");
	PROVE(IMPLIES(answered && answer_size >= HEADER_SIZE && answer_size <= capacity, result != 0), "an answer that fits is given");
	PROVE(IMPLIES(witness < result, response[witness] == answer_byte), "the response is what the library answered");
	PROVE(IMPLIES(witness >= result && witness < capacity, response[witness] == before), "and nothing is written behind it");
	PROVE(command_wiped == (processed != 0), "the copy of the command is wiped");
	PROVE(response_wiped == (result != 0), "and so is the library's of the response, once it is given");
	if (result != 0)
		CANARY("answered");
	if (result == 0 && answered)
		CANARY("too long or too short");
	if (result != 0 && command == response)
		CANARY("in place of the command");
}

/* ---- callbacks ---- */

static int store_result;
static uint32_t store_calls;
static char name[4];
static uint8_t object[1];
static uint32_t object_size;

static int any_load(void *context, const char *of, uint8_t **data, uint32_t *size)
{
	PROVE(context == &store && of == name, "the object that was asked for");
	store_calls++;
	if (store_result == 0) {
		*data = object;
		*size = object_size;
	}
	return store_result;
}

static int any_save(void *context, const char *of, const uint8_t *data, uint32_t size)
{
	PROVE(context == &store && of == name && data == object && size == object_size, "the object that was given, as it is");
	store_calls++;
	return store_result;
}

static int any_remove(void *context, const char *of)
{
	PROVE(context == &store && of == name, "the object that was named");
	store_calls++;
	return store_result;
}

void prove_callbacks(void)
{
	TPM_MODIFIER_INDICATOR locality = any_u32();
	TPM_BOOL presence = any_u8(), must_exist = any_u8();
	unsigned char *data = NULL;
	uint32_t size = 0;
	uint8_t which = any_u8() % 3;
	TPM_RESULT result;

	store = (struct store){ .load = any_load, .save = any_save, .remove = any_remove, .context = &store };
	current_store = &store;
	store_result = any_int();
	object_size = any_u32();
	current_locality = any_u32();
	PROVE(nothing_to_do() == TPM_SUCCESS, "nothing is done");
	PROVE(get_locality(&locality, any_u32()) == TPM_SUCCESS && locality == current_locality, "the locality of the command");
	PROVE(get_presence(&presence, any_u32()) == TPM_SUCCESS && presence == 0, "nobody is present");
	if (which == 0) {
		result = load_data(&data, &size, any_u32(), name);
		PROVE(result == (store_result == 0 ? TPM_SUCCESS : store_result == ERR_NOT_FOUND ? TPM_RETRY : TPM_FAIL),
		      "a TPM is made where the store has none, and not where it cannot be read");
		PROVE(IMPLIES(result == TPM_SUCCESS, data == object && size == object_size), "the object");
		if (result == TPM_RETRY)
			CANARY("none");
	} else if (which == 1) {
		result = store_data(object, object_size, any_u32(), name);
		PROVE((result == TPM_SUCCESS) == (store_result == 0) && (result == TPM_SUCCESS || result == TPM_FAIL), "success is the store's");
		CANARY("stored");
	} else {
		result = delete_name(any_u32(), name, must_exist);
		PROVE((result == TPM_SUCCESS) == (store_result == 0 || (store_result == ERR_NOT_FOUND && must_exist == 0)), "what is gone need not be deleted");
		if (store_result == ERR_NOT_FOUND)
			CANARY("deleted");
	}
	PROVE(store_calls == 1, "the store is asked once");
}

/* ---- start, stop, and what else there is ---- */

void prove_start(void)
{
	store_in_use = &store;
	current_locality = any_u32();
	int first = engine_start(&store);

	PROVE(first == 0 || first == ERR_FAULT, "a documented error");
	PROVE((first == 0) == library_on, "the engine is on when it started, and else off");
	PROVE(IMPLIES(first != 0, terminated == started), "what did not start whole is ended");
	if (first != 0 && started != 0)
		CANARY("it does not start");
	if (first != 0 && registered == 0)
		CANARY("no such version");
	response_buffer_size = any_u32();
	response_buffer = any_bool() ? NULL : any_page(response_buffer_size);
	bool had = response_buffer != NULL;
	uint32_t before = terminated;

	engine_stop();
	PROVE(!library_on && terminated == before + 1 && response_buffer == NULL && response_buffer_size == 0, "it is off, and no response is left");
	PROVE(freed == 1 && wiped == had, "the response is wiped and freed");
	int second = engine_start(&store);

	PROVE((second == 0) == library_on, "it can be started again");
	PROVE(IMPLIES(first == 0, chosen == 1 && registered == 1), "callbacks are registered once");
	if (first == 0 && second == 0)
		CANARY("again");
}

void prove_state(void)
{
	uint8_t *data = NULL, which = any_u8() % 5;
	uint32_t size = 0;
	enum engine_state kind = any_bool() ? ENGINE_STATE_PERMANENT : ENGINE_STATE_VOLATILE;
	enum TPMLIB_StateType type = kind == ENGINE_STATE_PERMANENT ? TPMLIB_STATE_PERMANENT : TPMLIB_STATE_VOLATILE;
	int error;

	state_size = any_u32();
	state_asked = type;
	state_result = TPM_FAIL; /* for what fails before the library is asked */
	if (which == 0) {
		error = engine_get_state(kind, &data, &size);
		PROVE(IMPLIES(error == 0, data == state && size == state_size), "the state");
		CANARY("got");
	} else if (which == 1) {
		error = engine_set_state(kind, state, state_size);
		if (registered_good && error != 0)
			CANARY("not taken");
	} else if (which == 2) {
		error = engine_hash_start();
	} else if (which == 3) {
		error = engine_hash_data(state, state_size);
	} else {
		error = engine_hash_end();
	}
	PROVE(state_asked == type, "of that kind");
	PROVE((error == 0) == (state_result == TPM_SUCCESS), "success is the library's");
	PROVE(error == 0 || error == ERR_FAULT || (which == 1 && error == ERR_FORMAT), "a documented error");
}
