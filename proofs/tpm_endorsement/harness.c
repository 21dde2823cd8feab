/* SPDX-License-Identifier: MIT */
/* The endorsement key that the manifest shows: from a copy of any store, with an engine that answers anything. */
#include "proofs/prover.h"
#include "proofs/followed_byte.h"

#include <string.h>

static uint8_t *key_out;

#ifndef WHOLE
#define memcpy copy_bytes
#define memset set_bytes
#endif
#include "services/vtpm/engine.h"
#undef ENGINE_RESPONSE_MAX
#define ENGINE_RESPONSE_MAX 400u
const char *const engine_objects[] = { "permall", "volatilestate", "savestate", NULL };
#include "services/vtpm/endorsement.c"
#undef memcpy

static struct store store;

/* ---- the engine and the copy of the store ---- */

static bool engine_on, cleared;
static uint32_t commands, starts;
static uint32_t answer_size;
static int copy_error;
static bool has_permanent;
static const struct memory_store *the_copy;
static uint8_t object[1];

void memory_store_init(struct memory_store *of)
{
	*of = (struct memory_store){ .store = { .context = of } };
	the_copy = of;
}

/* What proofs/tpm_store shows of it: what the other store has, in the engine's order, up to an error. */
int memory_store_copy(struct memory_store *to, const struct store *from)
{
	uint32_t next = 0;

	PROVE(to == the_copy && from == &store, "a copy of that store");
	copy_error = any_bool() ? 0 : any_bool() ? ERR_NO_MEMORY : ERR_FAULT;
	for (uint32_t i = 0; i < 3; i++) {
		if (any_bool())
			continue;
		for (uint32_t j = 0; j < 8; j++) /* the first letters tell them apart */
			to->object[next].name[j] = engine_objects[i][j];
		to->object[next].data = object;
		has_permanent = has_permanent || i == 0;
		next++;
	}
	return copy_error;
}

void memory_store_clear(struct memory_store *of)
{
	PROVE(of == the_copy && !cleared && !engine_on, "the copy ends once, after the engine that uses it");
	cleared = true;
}

int engine_start(const struct store *on)
{
	PROVE(!engine_on && starts == 0 && on == &the_copy->store && !cleared, "the engine starts once, on the copy");
	PROVE(copy_error == 0 && has_permanent, "which has the state of the TPM: no other TPM is made");
	starts++;
	engine_on = any_bool();
	return engine_on ? 0 : ERR_FAULT;
}

void engine_stop(void)
{
	PROVE(engine_on, "what runs is stopped");
	engine_on = false;
}

uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity)
{
	PROVE(engine_on && locality == 0 && size >= TPM_HEADER_SIZE && __CPROVER_r_ok(command, size), "a command, at locality 0");
	PROVE(capacity == ENGINE_RESPONSE_MAX && __CPROVER_w_ok(response, capacity), "with room for the response");
	PROVE(IMPLIES(commands == 0, command == startup), "first it is started up");
	PROVE(commands < 2 && IMPLIES(commands == 1, answer_size != 0 && tpm2_read32(response + 6) == TPM2_RC_SUCCESS), "what fails ends it");
	commands++;
	for (uint32_t i = 0; i < TPM_HEADER_SIZE; i++)
		response[i] = any_u8();
	answer_size = any_u32();
	ASSUME(answer_size == 0 || (answer_size >= TPM_HEADER_SIZE && answer_size <= capacity));
	return answer_size;
}

/* ---- the command ---- */

#define KEY_SIZE (sizeof(template_head) + MODULUS_SIZE)
#define COMMAND_SIZE (sizeof(create_head) + 2 + KEY_SIZE + 6)

void prove_build(void)
{
	uint8_t command[COMMAND_SIZE];
	uint32_t at = any_u16();
	uint32_t size = build_command(command);

	PROVE(size == sizeof(command) && size <= ENGINE_COMMAND_MAX && tpm2_read32(command + 2) == size, "the command fills its place and says how long it is");
	PROVE(tpm2_read16(command) == TPM2_ST_SESSIONS && tpm2_read32(command + 6) == TPM2_CC_CREATE_PRIMARY &&
	      tpm2_read32(command + 10) == TPM2_RH_ENDORSEMENT, "it makes a key under the endorsement hierarchy");
	PROVE(tpm2_read32(command + 14) == 9 && tpm2_read32(command + 18) == TPM2_RS_PW, "with the empty password");
	PROVE(tpm2_read16(command + sizeof(create_head)) == KEY_SIZE, "the template says how long it is");
	ASSUME(at < KEY_SIZE + 6);
	PROVE(command[sizeof(create_head) + 2 + at] == (at < sizeof(template_head) ? template_head[at] : 0), "it is the template, without a modulus, and nothing else");
	CANARY("built");
}

/* ---- the response ---- */

void prove_find(void)
{
	uint32_t size = any_u32(), key_size = any_u32(), at = any_u8() % sizeof(template_head);
	uint8_t *response = __CPROVER_allocate(size, 0);
	const uint8_t *public = endorsement_find_public(response, size, &key_size);

	if (public == NULL) {
		if (size > PUBLIC_OFFSET + 2 + KEY_SIZE)
			CANARY("another key");
		CANARY("none");
		return;
	}
	PROVE(key_size == KEY_SIZE && key_size <= ENDORSEMENT_PUBLIC_MAX, "a key is as long as the template's");
	PROVE(public == response + PUBLIC_OFFSET + 2 && size >= PUBLIC_OFFSET + 2 + KEY_SIZE && __CPROVER_r_ok(public, key_size), "it lies in the response, at its place");
	PROVE(tpm2_read32(response + 2) == size && tpm2_read32(response + 6) == TPM2_RC_SUCCESS, "of a command that did not fail");
	PROVE(public[at] == template_head[at], "it is of the template");
	CANARY("found");
}

/* ---- all of it ---- */

static const uint8_t *public_found;

/* What prove_build() shows of it. */
uint32_t stub_build_command(uint8_t *command)
{
	PROVE(__CPROVER_w_ok(command, COMMAND_SIZE), "room for the command");
	return COMMAND_SIZE;
}

/* What prove_find() shows of it. */
const uint8_t *stub_endorsement_find_public(const uint8_t *response, uint32_t size, uint32_t *key_size)
{
	PROVE(size == answer_size && commands == 2 && !engine_on, "the response of the second command is looked at");
	if (any_bool())
		return NULL;
	ASSUME(size >= PUBLIC_OFFSET + 2 + KEY_SIZE);
	*key_size = (uint32_t)KEY_SIZE;
	public_found = response + PUBLIC_OFFSET + 2;
	return public_found;
}

void prove_compute(void)
{
	static uint8_t out[ENDORSEMENT_PUBLIC_MAX];
	uint32_t size = 0;

	witness = any_u16();
	int error = endorsement_compute(&store, out, &size);

	PROVE(!engine_on && cleared, "the engine is off, and the copy gone");
	PROVE(error <= 0 && IMPLIES(error == 0, commands == 2 && size == KEY_SIZE), "a key was made by two commands");
	PROVE((error == ERR_NOT_FOUND) == (copy_error == 0 && !has_permanent), "where there is no TPM there is no key");
	PROVE(IMPLIES(copy_error != 0, error == copy_error), "an error of the store is told");
	PROVE(IMPLIES(error == 0 && witness < size, out[witness] == public_found[witness]), "it is the key of the response");
	PROVE(IMPLIES(error == 0, public_found != NULL), "and was found there");
	if (error == 0)
		CANARY("a key");
	if (error == ERR_FORMAT)
		CANARY("another answer");
	if (error == ERR_FAULT && commands == 2)
		CANARY("no answer");
}
