/* SPDX-License-Identifier: MIT */
/* The TPM service: messages of any content, commands of any content, and an engine that may answer anything. */
#include "proofs/prover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const char *format, ...) { return 0; }
#define printf print
#define main service_main
#include "services/vtpm/tpm.c"
#define tpm_command checked_tpm_command
#define tpm_manifest checked_tpm_manifest
#define tpm_reset checked_tpm_reset
#include "services/vtpm/main.c"
#undef tpm_command
#undef tpm_manifest
#undef tpm_reset

static uint8_t page[PAGE_SIZE];
static uint32_t commands, manifests, resets, response_size, commands_of_engine, starts, stops;
static bool failure_answered;

void memory_store_init(struct memory_store *of) { }
void store_free(uint8_t *data, uint32_t size) { }
int rt_handle(const char *name) { return any_int(); }
int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c) { return any_int(); }
const char *const engine_objects[] = { "permall", NULL };
int engine_start(const struct store *of) { starts++; return any_bool() ? 0 : ERR_FAULT; }
void engine_stop(void) { stops++; }

int endorsement_compute(const struct store *of, uint8_t out[ENDORSEMENT_PUBLIC_MAX], uint32_t *size)
{
	*size = any_u32();
	ASSUME(*size <= ENDORSEMENT_PUBLIC_MAX);
	return any_bool() ? 0 : ERR_FAULT;
}

/* ---- messages ---- */

uint32_t checked_tpm_command(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response)
{
	PROVE(command == page && response == page && size <= PAGE_SIZE, "the command lies in the page that came with it");
	commands++;
	response_size = any_u32();
	ASSUME(response_size >= TPM_HEADER_SIZE && response_size <= ENGINE_RESPONSE_MAX);
	return response_size;
}

int checked_tpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size)
{
	PROVE(out == page && capacity == PAGE_SIZE, "the manifest goes to the page that came with the request");
	manifests++;
	if (any_bool())
		return ERR_STATE;
	response_size = any_u32();
	ASSUME(response_size <= capacity);
	*size = response_size;
	return 0;
}

void checked_tpm_reset(void) { resets++; }

void prove_message(void)
{
	struct vtpm_reply reply;
	uint32_t op;

	__CPROVER_havoc_object(&message);
	message.address = (uint64_t)(uintptr_t)page;
	ASSUME(message.size <= SERVICE_MESSAGE_MAX && message.pages <= SERVICE_MESSAGE_PAGES_MAX);
	memcpy(&op, message.data, sizeof(op));
	uint32_t size = message.size, pages = message.pages;

	handle_message();
	memcpy(&reply, message.data, sizeof(reply));
	PROVE(commands + manifests + resets <= 1 && message.pages == pages, "a message is one request at most; its page goes back");
	PROVE(commands + manifests == 0 || pages == 1, "nothing is done to pages that did not come");
	PROVE(IMPLIES(commands != 0, op == SERVICE_OP_VTPM_COMMAND && size == sizeof(struct vtpm_request)), "a command is a whole request");
	PROVE(IMPLIES(resets != 0, op == SERVICE_OP_RESET && size >= sizeof(op) && message.size == sizeof(struct reset_reply) && reply.error == 0),
	      "a reset is answered when it was done");
	PROVE(resets != 0 || message.size == sizeof(reply), "all else is answered by a reply");
	PROVE(IMPLIES(resets == 0, reply.size <= PAGE_SIZE && (reply.error == 0) == (reply.size == response_size && commands + manifests == 1 && reply.error == 0)),
	      "a response lies in the page, or there is none");
	PROVE(IMPLIES(resets == 0 && reply.error == 0, commands + manifests == 1 && reply.size == response_size), "success is an answer of the TPM's");
	if (commands != 0)
		CANARY("a command");
	if (manifests != 0 && reply.error == 0)
		CANARY("a manifest");
	if (resets != 0)
		CANARY("a reset");
	if (reply.error == ERR_UNSUPPORTED && resets == 0)
		CANARY("unknown");
}

/* ---- commands ---- */

static int any_load(void *context, const char *name, uint8_t **data, uint32_t *size)
{
	*data = NULL;
	*size = 0;
	return any_bool() ? 0 : ERR_NOT_FOUND;
}

/* At most capacity, at least a header, or none (services/vtpm/engine.h); the content is anything. */
uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity)
{
	uint32_t answer = any_u32();

	PROVE(failure == NULL, "a TPM that has failed executes nothing");
	PROVE(command == page && size >= TPM_HEADER_SIZE && size <= ENGINE_COMMAND_MAX && locality <= ENGINE_LOCALITY_MAX && tpm2_read32(command + 2) == size,
	      "the engine gets whole commands of its localities");
	PROVE(tpm2_read32(command + 6) != TPM2_CC_CERTIFY_X509, "and none that is not offered");
	PROVE(response == page && capacity <= PAGE_SIZE, "the response stays in the page");
	PROVE(key_state != KEY_WANTED, "the key was made before");
	commands_of_engine++;
	ASSUME(answer == 0 || (answer >= TPM_HEADER_SIZE && answer <= capacity));
	if (answer != 0) {
		for (uint32_t i = 0; i < TPM_HEADER_SIZE; i++)
			response[i] = any_u8();
	}
	return answer;
}

uint32_t failure_command(const uint8_t *command, uint32_t size, uint8_t *response)
{
	PROVE(failure != NULL && size >= TPM_HEADER_SIZE && tpm2_read32(command + 2) == size, "a whole command, of a TPM that has failed");
	failure_answered = true;
	tpm2_write32(response + 2, 16);
	return 16;
}

void prove_command(void)
{
	static const struct store any_store = { .load = any_load };

	for (uint32_t i = 0; i < TPM_HEADER_SIZE; i++)
		page[i] = any_u8();
	state_store = &any_store;
	failure = any_bool() ? NULL : "before";
	key_state = any_u8() % 4u;
	bool failed = failure != NULL;
	uint32_t size = tpm_command(any_u32(), page, any_u32(), page);

	PROVE(size >= TPM_HEADER_SIZE && size <= ENGINE_RESPONSE_MAX && tpm2_read32(page + 2) == size, "a response of at least a header, that says how long it is");
	PROVE(commands_of_engine <= 1 && IMPLIES(failed, commands_of_engine == 0 && failure != NULL), "what has failed stays so");
	PROVE(IMPLIES(failed, starts == 0), "and is not started");
	if (commands_of_engine != 0 && failure == NULL)
		CANARY("executed");
	if (commands_of_engine != 0 && failure != NULL)
		CANARY("no response");
	if (failure_answered && !failed)
		CANARY("it did not start again");
}
