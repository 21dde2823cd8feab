/* SPDX-License-Identifier: MIT */
/* The real engine behind the service's code: start, reset, state, locality, the endorsement key; its heap is watched. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/endorsement.h"
#include "services/vtpm/tpm.h"
#include "tests/mock/glibc.h"

/* The engine leaks its profile, under a kilobyte, at each start. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:RuntimeProfile\nleak:GetParametersFromJSON\nleak:vasprintf\n";
}

static struct memory_store store;
static uint8_t command[ENGINE_COMMAND_MAX], response[ENGINE_RESPONSE_MAX];
static uint32_t size, response_size;

static void begin(uint32_t tag, uint32_t code)
{
	tpm2_write16(command, tag);
	tpm2_write32(command + 6, code);
	size = 10;
}

static void put(uint32_t value, uint32_t bytes)
{
	while (bytes-- > 0)
		command[size++] = (uint8_t)(bytes < 4 ? value >> 8 * bytes : 0);
}

static void put_password(void)
{
	put(9, 4);
	put(TPM2_RS_PW, 4);
	put(0, 5);
}

static uint32_t run_at(uint32_t locality)
{
	tpm2_write32(command + 2, size);
	response_size = tpm_command(locality, command, size, response);
	CHECK_EQ(tpm2_read32(response + 2), response_size);
	return tpm2_read32(response + 6);
}

static uint32_t startup(void)
{
	begin(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	put(0, 2);
	return run_at(0);
}

static void extend(uint32_t pcr, uint32_t locality, uint32_t expected)
{
	begin(TPM2_ST_SESSIONS, 0x182);
	put(pcr, 4);
	put_password();
	put(1, 4);
	put(0x000B, 2);
	for (uint32_t i = 0; i < 32; i++)
		put(i, 1);
	CHECK_EQ(run_at(locality), expected);
}

/* The SHA-256 value of a PCR. */
static const uint8_t *read_pcr(uint32_t pcr)
{
	begin(TPM2_ST_NO_SESSIONS, 0x17E);
	put(1, 4);
	put(0x000B, 2);
	put(3, 1);
	for (uint32_t i = 0; i < 3; i++)
		put(pcr / 8 == i ? 1u << pcr % 8 : 0, 1);
	CHECK_EQ(run_at(0), 0);
	return response + response_size - 32;
}

static uint32_t reset_count(void)
{
	begin(TPM2_ST_NO_SESSIONS, 0x181);
	CHECK_EQ(run_at(0), 0);
	return tpm2_read32(response + 10 + 16);
}

static void start(void)
{
	memory_store_clear(&store);
	memory_store_init(&store);
	tpm_start(&store.store, false);
	REQUIRE(!tpm_has_failed());
}

static void stop(void)
{
	engine_stop();
	memory_store_clear(&store);
}

TEST(fresh_tpm_wants_to_be_started)
{
	start();
	begin(TPM2_ST_NO_SESSIONS, 0x17B);
	put(8, 2);
	CHECK_EQ(run_at(0), 0x100);
	CHECK_EQ(startup(), 0);
	CHECK_EQ(startup(), 0x100);
	CHECK_EQ(reset_count(), 1);
	stop();
}

TEST(reset_clears_pcrs_and_keeps_nv)
{
	static const uint8_t zero[32];

	start();
	CHECK_EQ(startup(), 0);
	extend(8, 0, 0);
	CHECK(memcmp(read_pcr(8), zero, 32) != 0);
	begin(TPM2_ST_SESSIONS, 0x12A); /* NV_DefineSpace of 4 bytes */
	put(0x40000001, 4);
	put_password();
	put(0, 2);
	put(14, 2);
	put(0x01800001, 4);
	put(0x000B, 2);
	put(0x00040004, 4);
	put(0, 2);
	put(4, 2);
	CHECK_EQ(run_at(0), 0);
	tpm_reset();
	begin(TPM2_ST_NO_SESSIONS, 0x17B);
	put(8, 2);
	CHECK_EQ(run_at(0), 0x100);
	CHECK_EQ(startup(), 0);
	CHECK_EQ(memcmp(read_pcr(8), zero, 32), 0);
	CHECK_EQ(reset_count(), 2);
	begin(TPM2_ST_NO_SESSIONS, 0x169); /* NV_ReadPublic */
	put(0x01800001, 4);
	CHECK_EQ(run_at(0), 0);
	stop();
}

TEST(locality_reaches_the_engine)
{
	start();
	CHECK_EQ(startup(), 0);
	extend(20, 0, TPM2_RC_LOCALITY);
	extend(20, 3, 0);
	stop();
}

/* What the manifest shows is what the guest makes; nothing of making it shows. */
TEST(manifest_is_the_guests_key)
{
	uint8_t key[ENDORSEMENT_PUBLIC_MAX];
	uint32_t key_size = 0;

	start();
	CHECK_EQ(tpm_manifest(key, sizeof(key), &key_size), 0);
	REQUIRE(key_size == 314);
	CHECK_EQ(startup(), 0);
	CHECK_EQ(reset_count(), 1);
	begin(TPM2_ST_SESSIONS, TPM2_CC_CREATE_PRIMARY);
	put(TPM2_RH_ENDORSEMENT, 4);
	put_password();
	put(4, 2);
	put(0, 4);
	put(314, 2);
	memcpy(command + size, key, 58);
	memset(command + size + 58, 0, 256);
	size += 314;
	put(0, 6);
	CHECK_EQ(run_at(0), 0);
	CHECK_EQ(memcmp(response + 20, key, 314), 0);
	stop();
}

TEST(other_tpm_has_another_key)
{
	uint8_t first[ENDORSEMENT_PUBLIC_MAX], second[ENDORSEMENT_PUBLIC_MAX];
	uint32_t key_size;

	start();
	CHECK_EQ(tpm_manifest(first, sizeof(first), &key_size), 0);
	stop();
	start();
	CHECK_EQ(tpm_manifest(second, sizeof(second), &key_size), 0);
	CHECK_EQ(memcmp(first, second, 58), 0);
	CHECK(memcmp(first + 58, second + 58, 256) != 0);
	stop();
}

/* A store with something in it, but not with a TPM: none is made for the key. */
TEST(no_tpm_has_no_key)
{
	uint8_t key[ENDORSEMENT_PUBLIC_MAX];
	uint32_t key_size;

	memory_store_clear(&store);
	memory_store_init(&store);
	CHECK_EQ(endorsement_compute(&store.store, key, &key_size), ERR_NOT_FOUND);
	CHECK_EQ(store.store.save(store.store.context, engine_objects[1], (const uint8_t *)"x", 1), 0);
	CHECK_EQ(endorsement_compute(&store.store, key, &key_size), ERR_NOT_FOUND);
	memory_store_clear(&store);
}

/* The state can leave the engine and come back, also into another store. */
TEST(state_moves)
{
	uint8_t *permanent, *volatile_state, value[32];
	uint32_t permanent_size, volatile_size;

	start();
	CHECK_EQ(startup(), 0);
	extend(8, 0, 0);
	memcpy(value, read_pcr(8), sizeof(value));
	REQUIRE(engine_get_state(ENGINE_STATE_PERMANENT, &permanent, &permanent_size) == 0);
	REQUIRE(engine_get_state(ENGINE_STATE_VOLATILE, &volatile_state, &volatile_size) == 0);
	stop();
	CHECK_EQ(engine_set_state(ENGINE_STATE_PERMANENT, permanent, permanent_size), 0);
	CHECK_EQ(engine_set_state(ENGINE_STATE_VOLATILE, volatile_state, volatile_size), 0);
	memory_store_init(&store);
	REQUIRE(engine_start(&store.store) == 0);
	size = 0;
	begin(TPM2_ST_NO_SESSIONS, 0x17E);
	put(1, 4);
	put(0x000B, 2);
	put(3, 1);
	put(0, 1);
	put(1, 1);
	put(0, 1);
	tpm2_write32(command + 2, size);
	response_size = engine_process(0, command, size, response, sizeof(response));
	CHECK_EQ(tpm2_read32(response + 6), 0);
	CHECK_EQ(memcmp(response + response_size - 32, value, 32), 0);
	stop();
	free(permanent);
	free(volatile_state);
}

/* A store that takes nothing: the engine itself learns of that at its first command only. */
static int refuse(void *context, const char *name, const uint8_t *data, uint32_t count)
{
	(void)context;
	(void)name;
	(void)data;
	(void)count;
	return ERR_FAULT;
}

TEST(store_that_fails)
{
	memory_store_clear(&store);
	memory_store_init(&store);
	store.store.save = refuse;
	tpm_start(&store.store, false);
	CHECK(tpm_has_failed());
	CHECK_EQ(startup(), TPM2_RC_FAILURE);
}

TEST(damaged_state_is_not_taken_for_a_fresh_tpm)
{
	start();
	stop();
	memory_store_init(&store);
	CHECK_EQ(store.store.save(&store, "permall", (const uint8_t *)"no state", 8), 0);
	tpm_start(&store.store, false);
	CHECK(tpm_has_failed());
	CHECK_EQ(startup(), TPM2_RC_FAILURE);
	tpm_reset();
	CHECK(tpm_has_failed());
	memory_store_clear(&store);
}

TEST(events_of_a_dynamic_launch)
{
	static const uint8_t data[] = "launch";
	static const uint8_t ones[32] = { [0 ... 31] = 0xFF };

	start();
	CHECK_EQ(startup(), 0);
	CHECK_EQ(memcmp(read_pcr(17), ones, 32), 0);
	CHECK_EQ(engine_hash_start(), 0);
	CHECK_EQ(engine_hash_data(data, sizeof(data)), 0);
	CHECK_EQ(engine_hash_end(), 0);
	CHECK(memcmp(read_pcr(17), ones, 32) != 0);
	stop();
}
