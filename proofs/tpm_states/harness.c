/* SPDX-License-Identifier: MIT */
/*
 * The states of the TPM as the service offers it, its failure mode, its loop, and what is put in place of library functions:
 * with an engine and a store that may answer anything. Messages and commands are in proofs/vtpm_service.
 */
#include "proofs/prover.h"
#include "proofs/followed_byte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const char *format, ...) { return 0; }
static void stop_here(void) __attribute__((noreturn));

#define printf print
#define main service_main
#define memcpy copy_bytes
#define memset set_bytes
#define abort stop_here
const char *const engine_objects[] = { "permall", NULL };
static char *mode_of_start(const char *variable);
#define getenv mode_of_start
#include "services/vtpm/failure.c"
#include "services/vtpm/tpm.c"
#define tpm_start checked_tpm_start
void checked_tpm_start(const struct store *on, bool failed);
#include "services/vtpm/main.c"
#undef tpm_start
#include "services/vtpm/shim.c"
#undef memcpy
#undef memset

/* ---- failure mode ---- */

#define PAGE_OF_COMMAND 64u

void prove_failure(void)
{
	static uint8_t command[PAGE_OF_COMMAND], response[PAGE_OF_COMMAND];
	bool in_place = any_bool();
	uint8_t *out = in_place ? command : response;

	__CPROVER_havoc_object(command);
	uint32_t size = any_u8() % (PAGE_OF_COMMAND + 1u), code = tpm2_read32(command + 6), property = tpm2_read32(command + 14);
	uint32_t wanted = tpm2_read32(command + 18), tag = tpm2_read16(command);
	bool properties_asked = tag == TPM2_ST_NO_SESSIONS && code == TPM2_CC_GET_CAPABILITY && size == 22 && tpm2_read32(command + 10) == TPM2_CAP_PROPERTIES;
	bool result_asked = tag == TPM2_ST_NO_SESSIONS && code == TPM2_CC_GET_TEST_RESULT && size == TPM_HEADER_SIZE;

	ASSUME(size >= TPM_HEADER_SIZE);
	uint32_t answer = failure_command(command, size, out);

	PROVE(answer <= 64 && tpm2_read32(out + 2) == answer && tpm2_read16(out) == TPM2_ST_NO_SESSIONS, "a response that says how long it is");
	PROVE((tpm2_read32(out + 6) == TPM2_RC_SUCCESS) == (properties_asked || result_asked), "only two commands are executed, and only whole ones");
	if (!properties_asked && !result_asked) {
		PROVE(answer == TPM_HEADER_SIZE && tpm2_read32(out + 6) == TPM2_RC_FAILURE, "all others fail");
		CANARY("failed");
		return;
	}
	if (result_asked) {
		PROVE(answer == 16 && tpm2_read32(out + 12) == TPM2_RC_FAILURE && tpm2_read16(out + 10) == 0, "the test's result: it failed");
		CANARY("result");
		return;
	}
	uint32_t first = property < TPM2_PT_MANUFACTURER ? TPM2_PT_MANUFACTURER : property;
	bool there = wanted != 0 && first <= TPM2_PT_FIRMWARE_VERSION_2;

	PROVE(tpm2_read32(out + 11) == TPM2_CAP_PROPERTIES && tpm2_read32(out + 15) == (there ? 1 : 0) && answer == (there ? 27 : 19), "one property, or none");
	PROVE((out[10] != 0) == (there && first < TPM2_PT_FIRMWARE_VERSION_2), "and whether there are more");
	if (!there)
		return;
	PROVE(tpm2_read32(out + 19) == first && tpm2_read32(out + 23) == properties[first - TPM2_PT_MANUFACTURER], "with its value");
	if (in_place)
		CANARY("a property, in place of the command");
}

/* ---- states ---- */

static struct store the_store;
static bool engine_on, has_state;
static uint8_t object[1];
static uint32_t freed, loaded, computed;
static bool resetting;

static int any_load(void *context, const char *name, uint8_t **data, uint32_t *size)
{
	int error = has_state ? 0 : any_bool() ? ERR_NOT_FOUND : any_bool() ? ERR_NO_MEMORY : ERR_FAULT;

	PROVE(context == &the_store && name == engine_objects[0], "the state of the TPM is what is looked for");
	if (error == 0) {
		loaded++;
		*data = object;
		*size = 1;
	}
	return error;
}

void store_free(uint8_t *data, uint32_t size)
{
	PROVE(data == object && size == 1, "what was loaded is freed");
	freed++;
}

/* An engine that starts may have made a TPM that the store then has, or not. */
int engine_start(const struct store *on)
{
	PROVE(!engine_on && on == &the_store, "an engine that is off starts, on the store");
	PROVE(IMPLIES(resetting, has_state), "no other TPM is made in the place of one that is lost");
	if (any_bool())
		return ERR_FAULT;
	engine_on = true;
	has_state = any_bool();
	return 0;
}

void engine_stop(void)
{
	PROVE(engine_on, "what runs is stopped");
	engine_on = false;
}

uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity)
{
	PROVE(false, "no command is executed here");
	return 0;
}

int endorsement_compute(const struct store *of, uint8_t out[ENDORSEMENT_PUBLIC_MAX], uint32_t *size)
{
	PROVE(!engine_on && of == &the_store && out == key && size == &key_size, "the key is made while the engine is off");
	computed++;
	if (any_bool())
		return any_bool() ? ERR_FAULT : ERR_FORMAT;
	*size = any_u32();
	ASSUME(*size <= ENDORSEMENT_PUBLIC_MAX);
	return 0;
}

/* The engine runs exactly while the TPM works; a key that is known lies in its place. */
static bool states_good(void)
{
	return engine_on == (failure == NULL) && IMPLIES(key_state == KEY_KNOWN, key_size <= ENDORSEMENT_PUBLIC_MAX) && freed == loaded;
}

static void any_state(void)
{
	the_store = (struct store){ .load = any_load, .context = &the_store };
	state_store = &the_store;
	failure = any_bool() ? NULL : "before";
	key_state = any_u8() % 4u;
	key_size = any_u16();
	engine_on = any_bool();
	has_state = any_bool();
	witness = any_u16();
	ASSUME(states_good());
}

void prove_start(void)
{
	bool failed = any_bool();

	any_state();
	failure = NULL; /* as in a new process */
	engine_on = false;
	tpm_start(&the_store, failed);
	PROVE(states_good() && key_state == KEY_WANTED, "the engine runs exactly while the TPM works");
	PROVE(IMPLIES(failed, tpm_has_failed()), "in the place of one that died no TPM works");
	PROVE(IMPLIES(!tpm_has_failed(), has_state), "one whose state is not kept does not work");
	PROVE(tpm_failure_reason() != NULL && tpm_has_failed() == (failure != NULL), "there is a reason");
	if (!tpm_has_failed())
		CANARY("works");
	if (!failed && tpm_has_failed())
		CANARY("does not start");
}

void prove_reset(void)
{
	any_state();
	bool failed = tpm_has_failed(), lost = !has_state;
	enum key_state known = key_state;

	resetting = failed;
	tpm_reset();
	PROVE(states_good(), "the engine runs exactly while the TPM works");
	PROVE(IMPLIES(failed && lost, tpm_has_failed()), "a TPM whose state is lost stays failed");
	PROVE(IMPLIES(!tpm_has_failed(), has_state && key_state == (known == KEY_KNOWN ? KEY_KNOWN : KEY_WANTED)), "the key is known or is made again");
	if (failed && !tpm_has_failed())
		CANARY("works again");
	if (failed && tpm_has_failed())
		CANARY("stays failed");
	if (!failed && tpm_has_failed())
		CANARY("does not come back");
}

void prove_manifest(void)
{
	static uint8_t out[ENDORSEMENT_PUBLIC_MAX];
	uint32_t capacity = any_u16() % (sizeof(out) + 1u), size = 0;
	uint8_t before = witness < sizeof(out) ? out[witness] : 0;

	any_state();
	bool failed = tpm_has_failed(), gone = key_state == KEY_GONE, wanted = key_state == KEY_WANTED;

	before = witness < sizeof(out) ? out[witness] : 0;
	int error = tpm_manifest(out, capacity, &size);

	PROVE(states_good(), "the engine runs exactly while the TPM works");
	PROVE(computed == (wanted && !failed ? 1 : 0), "the key is made when it is wanted, once");
	PROVE((error == ERR_STATE) == (tpm_has_failed() || gone), "a TPM that has failed shows no key, nor does one whose seed is another");
	PROVE(IMPLIES(failed, tpm_has_failed()), "what has failed stays so");
	PROVE(error == 0 || error == ERR_STATE || error == ERR_FAULT || error == ERR_OVERFLOW, "a documented error");
	PROVE(error != 0 || (size == key_size && size <= capacity && key_state == KEY_KNOWN), "the key fits");
	if (witness < sizeof(out))
		PROVE(out[witness] == (error == 0 && witness < size ? key[witness] : before), "it is the key, and nothing else is written");
	if (error == 0 && computed != 0)
		CANARY("a key");
	if (error == ERR_OVERFLOW)
		CANARY("no room");
	if (error == ERR_FAULT)
		CANARY("none could be made");
}

/* ---- the loop ---- */

#define ROUNDS 2u

static int channel_of_start;
static uint32_t received, replied, handled;
static bool waiting, started, mode_failed, in_failed_mode;
static int64_t receive_error;

static char *mode_of_start(const char *variable)
{
	static char failed_mode[] = "failed", other[] = "new";

	PROVE(variable[0] == 'T', "the mode of its start");
	mode_failed = any_bool();
	return mode_failed ? failed_mode : any_bool() ? other : NULL;
}

void checked_tpm_start(const struct store *on, bool failed)
{
	PROVE(on == &store.store && failed == mode_failed && !started, "it starts once, as it is told");
	started = true;
	failure = failed ? "before" : NULL;
}

void memory_store_init(struct memory_store *of)
{
	PROVE(of == &store && !started, "on an empty store");
}

int rt_handle(const char *name)
{
	PROVE(name[0] == 'v' && name[1] == 't' && name[2] == 'p' && name[3] == 'm' && name[4] == 0, "the channel of the TPM");
	return channel_of_start;
}

int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	PROVE(started && a == (uint64_t)channel_of_start && b == (uint64_t)(uintptr_t)&message && (number == SYS_RECEIVE || number == SYS_REPLY),
	      "messages of its channel, and nothing else");
	if (number == SYS_REPLY) {
		PROVE(waiting && handled == received, "a message that was handled is answered");
		waiting = false;
		replied++;
		return any_bool() ? 0 : ERR_STATE;
	}
	PROVE(!waiting && receive_error == 0, "each is answered before the next one; an error is the end");
	if (received == ROUNDS || any_bool()) {
		receive_error = any_bool() ? ERR_STATE : ERR_INVALID;
		return receive_error;
	}
	received++;
	waiting = true;
	return 0;
}

/* What proofs/vtpm_service shows of it. */
void stub_handle_message(void)
{
	PROVE(waiting && handled + 1 == received, "one message is handled once");
	handled++;
	if (any_bool())
		failure = any_bool() ? NULL : "now";
}

void prove_serve(void)
{
	channel_of_start = any_int();
	int result = service_main();

	PROVE(result == 1 && !waiting && replied == received && handled == received, "it ends with all messages answered");
	PROVE(started == (channel_of_start >= 0), "without a channel there is no TPM");
	PROVE(IMPLIES(started, receive_error != 0), "it serves until there are no more");
	if (received == ROUNDS)
		CANARY("served");
	if (!started)
		CANARY("no channel");
}

/* ---- in place of library functions ---- */

static uint64_t size_asked, room;
static bool stopped, allowed_stop;

static void stop_here(void)
{
	PROVE(allowed_stop, "what fits does not end the process");
	CANARY("it ends");
	ASSUME(false);
	for (;;)
		;
}

int __real_regexec(const regex_t *regex, const char *text, size_t count, regmatch_t *match, int flags)
{
	PROVE(count <= size_asked && __CPROVER_w_ok(match, count * sizeof(*match)), "there is room for what is found");
	for (uint32_t i = 0; i < count; i++) {
		match[i].rm_so = ANY(int);
		match[i].rm_eo = ANY(int);
		match[i].rm_eo = i == witness ? 77 : match[i].rm_eo;
	}
	return any_bool() ? 0 : 1;
}

void prove_checked(void)
{
	size_asked = any_u64();
	room = any_u64();
	ASSUME(room <= 1ull << 32);
	uint8_t *to = __CPROVER_allocate(room, 0), *from = __CPROVER_allocate(room, 0);

	witness = any_u64();
	allowed_stop = size_asked > room;
	if (any_bool()) {
		PROVE(__memcpy_chk(to, from, size_asked, room) == to, "as memcpy()");
		PROVE(IMPLIES(witness < size_asked, to[witness] == from[witness]), "the bytes are copied");
		CANARY("copied");
	} else {
		PROVE(__memset_chk(to, 7, size_asked, room) == to, "as memset()");
		PROVE(IMPLIES(witness < size_asked, to[witness] == 7), "the bytes are set");
		CANARY("set");
	}
	PROVE(size_asked <= room, "what does not fit ends the process");
}

void prove_regexec(void)
{
	struct glibc_match match[MATCHES_MAX];

	size_asked = any_u8();
	witness = any_u8();
	allowed_stop = size_asked > MATCHES_MAX;
	if (witness < MATCHES_MAX)
		match[witness].end = 5;
	int result = __wrap_regexec(NULL, "", size_asked, match, 0);

	PROVE(size_asked <= MATCHES_MAX, "more places than there is room for end the process");
	if (witness < MATCHES_MAX)
		PROVE(match[witness].end == (result == 0 && witness < size_asked ? 77 : 5), "each place is the one that was found; others are as they were");
	if (result == 0 && size_asked == MATCHES_MAX)
		CANARY("found");
}

void prove_pad(void)
{
	uint16_t size = any_u16(), before = any_u16(), capacity = any_u16();
	uint8_t old = any_u8();

	ASSUME(size <= capacity && before <= capacity);
	struct sized_buffer *buffer = __CPROVER_allocate(sizeof(*buffer) + capacity, 0);

	buffer->size = before;
	witness = any_u16();
	uint64_t at = any_u16(); /* counted from the begin of the data */
	ASSUME(at < capacity);
	if (at >= before)
		witness = at - before;
	buffer->data[at] = old;
	MemoryPad2B(buffer, size);
	PROVE(buffer->size == (size > before ? size : before), "it only grows");
	PROVE(buffer->data[at] == (at >= before && at < size ? 0 : old), "what is new is zero, and nothing else changes");
	if (size > before && at >= before && at < size)
		CANARY("padded");
	if (size < before)
		CANARY("longer already");
}
