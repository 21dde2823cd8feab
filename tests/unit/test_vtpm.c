/* SPDX-License-Identifier: MIT */
/* The TPM service's own code on an engine of the test: checks of commands, failure mode, endorsement key, store. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/endorsement.h"
#include "services/vtpm/failure.h"
#include "services/vtpm/tpm.h"
#include "tests/mock/engine.h"

static struct memory_store store;
static uint8_t command[4200], response[ENGINE_RESPONSE_MAX];

static uint32_t build(uint32_t tag, uint32_t code, uint32_t size)
{
	memset(command, 0, sizeof(command));
	tpm2_write16(command, tag);
	tpm2_write32(command + 2, size);
	tpm2_write32(command + 6, code);
	return size;
}

/* Executes it; the response code. */
static uint32_t run(uint32_t tag, uint32_t code, uint32_t size)
{
	uint32_t used = tpm_command(0, command, build(tag, code, size), response);

	CHECK(used >= 10 && used <= ENGINE_RESPONSE_MAX);
	CHECK_EQ(tpm2_read32(response + 2), used);
	return tpm2_read32(response + 6);
}

static void start(bool failed)
{
	memory_store_clear(&store);
	memory_store_init(&store);
	mock_engine_reset();
	tpm_start(&store.store, failed);
}

/* ---- commands ---- */

TEST(command_goes_to_the_engine)
{
	start(false);
	CHECK_EQ(tpm_command(3, command, build(TPM2_ST_NO_SESSIONS, 0x17B, 12), response), 10);
	CHECK_EQ(mock_engine.last_locality, 3);
	CHECK_EQ(mock_engine.last_code, 0x17B);
	CHECK(!tpm_has_failed());
}

TEST(command_sizes_must_agree)
{
	static const uint32_t field[] = { 0, 9, 10, 11, 13, 4087, 4088, 0xFFFFFFFF };

	start(false);
	for (uint32_t size = 0; size < 10; size++) {
		build(TPM2_ST_NO_SESSIONS, 0x17B, size);
		CHECK_EQ(tpm_command(0, command, size, response), 10);
		CHECK_EQ(tpm2_read32(response + 6), TPM2_RC_COMMAND_SIZE);
	}
	for (uint32_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		build(TPM2_ST_NO_SESSIONS, 0x17B, field[i]);
		tpm_command(0, command, 12, response);
		CHECK_EQ(tpm2_read32(response + 6), TPM2_RC_COMMAND_SIZE);
	}
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 4088), TPM2_RC_COMMAND_SIZE);
	CHECK_EQ(mock_engine.processed, 0);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 4087), 0);
}

TEST(localities_above_four_do_not_exist)
{
	start(false);
	tpm_command(5, command, build(TPM2_ST_NO_SESSIONS, 0x17B, 12), response);
	CHECK_EQ(tpm2_read32(response + 6), TPM2_RC_LOCALITY);
	tpm_command(UINT32_MAX, command, 12, response);
	CHECK_EQ(tpm2_read32(response + 6), TPM2_RC_LOCALITY);
	tpm_command(4, command, 12, response);
	CHECK_EQ(tpm2_read32(response + 6), 0);
}

TEST(certify_x509_is_not_offered)
{
	start(false);
	CHECK_EQ(run(TPM2_ST_SESSIONS, TPM2_CC_CERTIFY_X509, 40), TPM2_RC_COMMAND_CODE);
	CHECK(mock_engine.last_code != TPM2_CC_CERTIFY_X509);
}

TEST(response_may_lie_where_the_command_does)
{
	start(true);
	build(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_CAPABILITY, 22);
	tpm2_write32(command + 10, TPM2_CAP_PROPERTIES);
	tpm2_write32(command + 14, TPM2_PT_MANUFACTURER + 2);
	tpm2_write32(command + 18, 1);
	CHECK_EQ(tpm_command(0, command, 22, command), 27);
	CHECK_EQ(tpm2_read32(command + 19), TPM2_PT_MANUFACTURER + 2);
}

/* ---- failure mode ---- */

TEST(engine_that_does_not_start_is_failure)
{
	memory_store_init(&store);
	mock_engine_reset();
	mock_engine.start_error = ERR_FAULT;
	mock_engine.start_error_at = 1;
	tpm_start(&store.store, false);
	CHECK(tpm_has_failed());
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP, 12), TPM2_RC_FAILURE);
	CHECK_EQ(mock_engine.processed, 0);
}

TEST(engine_without_response_is_failure)
{
	static const uint8_t liar[12] = { 0x80, 1, 0, 0, 0, 13 };

	start(false);
	mock_engine.no_response = true;
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), TPM2_RC_FAILURE);
	CHECK(tpm_has_failed());
	CHECK(!mock_engine.on);
	mock_engine.no_response = false;
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), TPM2_RC_FAILURE);
	start(false);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), 0);
	mock_engine.response = liar;
	mock_engine.response_size = sizeof(liar);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), TPM2_RC_FAILURE);
	CHECK(tpm_has_failed());
}

TEST(one_that_died_is_no_fresh_tpm)
{
	uint8_t key[512];
	uint32_t size;

	start(true);
	CHECK_EQ(mock_engine.starts, 0);
	for (uint32_t code = 0x11E; code < 0x1A0; code++)
		CHECK_EQ(run(TPM2_ST_NO_SESSIONS, code, 10), code == TPM2_CC_GET_TEST_RESULT ? 0 : TPM2_RC_FAILURE);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), ERR_STATE);
	tpm_reset();
	CHECK(tpm_has_failed());
	CHECK_EQ(mock_engine.starts, 0);
}

/* With a store that outlives the process, the TPM is there again after a reset. */
TEST(reset_ends_failure_when_the_state_is_still_there)
{
	start(false);
	mock_engine.no_response = true;
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), TPM2_RC_FAILURE);
	mock_engine.no_response = false;
	tpm_reset();
	CHECK(!tpm_has_failed());
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), 0);
}

TEST(test_result_in_failure_mode)
{
	start(true);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_TEST_RESULT, 10), 0);
	CHECK_EQ(tpm2_read32(response + 2), 16);
	CHECK_EQ(tpm2_read32(response + 12), TPM2_RC_FAILURE);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_TEST_RESULT, 11), TPM2_RC_FAILURE);
	CHECK_EQ(run(TPM2_ST_SESSIONS, TPM2_CC_GET_TEST_RESULT, 10), TPM2_RC_FAILURE);
}

static uint32_t get_property(uint32_t capability, uint32_t property, uint32_t count, uint32_t size)
{
	build(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_CAPABILITY, size);
	tpm2_write32(command + 10, capability);
	tpm2_write32(command + 14, property);
	tpm2_write32(command + 18, count);
	return tpm_command(0, command, size, response);
}

TEST(capabilities_in_failure_mode)
{
	start(true);
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, 0, 1, 22), 27);
	CHECK_EQ(tpm2_read32(response + 19), TPM2_PT_MANUFACTURER);
	CHECK_EQ(response[10], 1);
	for (uint32_t p = TPM2_PT_MANUFACTURER; p <= TPM2_PT_FIRMWARE_VERSION_2; p++) {
		CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, p, 99, 22), 27);
		CHECK_EQ(tpm2_read32(response + 15), 1);
		CHECK_EQ(tpm2_read32(response + 19), p);
		CHECK_EQ(response[10], p < TPM2_PT_FIRMWARE_VERSION_2);
	}
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, TPM2_PT_FIRMWARE_VERSION_2 + 1, 1, 22), 19);
	CHECK_EQ(response[10], 0);
	CHECK_EQ(tpm2_read32(response + 15), 0);
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, UINT32_MAX, 1, 22), 19);
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, TPM2_PT_MANUFACTURER, 0, 22), 19);
	CHECK_EQ(get_property(5, TPM2_PT_MANUFACTURER, 1, 22), 10);
	CHECK_EQ(tpm2_read32(response + 6), TPM2_RC_FAILURE);
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, TPM2_PT_MANUFACTURER, 1, 21), 10);
	CHECK_EQ(get_property(TPM2_CAP_PROPERTIES, TPM2_PT_MANUFACTURER, 1, 23), 10);
}

/* ---- the endorsement key ---- */

TEST(key_is_made_once_on_a_copy)
{
	uint8_t key[512];
	uint32_t size = 0;

	start(false);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(size, 314);
	CHECK_EQ(key[58], 0xA5);
	CHECK_EQ(mock_engine.processed, 2);
	CHECK_EQ(mock_engine.starts, 3); /* the TPM, the copy, the TPM */
	CHECK(mock_engine.on && mock_engine.store == &store.store);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(tpm_manifest(key, 313, &size), ERR_OVERFLOW);
	tpm_reset();
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(mock_engine.processed, 2);
}

TEST(key_is_made_before_the_first_command)
{
	uint8_t key[512];
	uint32_t size;

	start(false);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), 0);
	CHECK_EQ(mock_engine.starts, 3);
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), 0);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(mock_engine.starts, 3);
}

/* There is a TPM without a manifest, and no second try on a TPM in use. */
TEST(key_that_cannot_be_made)
{
	uint8_t key[512];
	uint32_t size;

	start(false);
	mock_engine.bad_key = true;
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), ERR_FAULT);
	mock_engine.bad_key = false;
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), 0);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), ERR_FAULT);
	tpm_reset();
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
}

TEST(copy_that_does_not_start)
{
	uint8_t key[512];
	uint32_t size;

	start(false);
	mock_engine.start_error = ERR_FAULT;
	mock_engine.start_error_at = 2;
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), ERR_STATE);
	CHECK(tpm_has_failed());
	CHECK_EQ(run(TPM2_ST_NO_SESSIONS, 0x17B, 12), TPM2_RC_FAILURE);
}

TEST(changed_seed_takes_the_key_away)
{
	uint8_t key[512];
	uint32_t size;

	start(false);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(run(TPM2_ST_SESSIONS, TPM2_CC_CHANGE_EPS, 27), 0);
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), ERR_STATE);
	tpm_reset();
	CHECK_EQ(tpm_manifest(key, sizeof(key), &size), 0);
	CHECK_EQ(mock_engine.starts, 6);
}

TEST(responses_that_hold_no_key)
{
	uint8_t good[400] = { 0x80, 0x02 }, *copy;
	uint32_t size, found = 0;

	start(false);
	mock_engine.response = NULL;
	CHECK_EQ(tpm_manifest(command, sizeof(command), &size), 0);
	tpm2_write32(good + 2, 20 + size);
	tpm2_write16(good + 18, size);
	memcpy(good + 20, command, size);
	CHECK(endorsement_find_public(good, 20 + size, &size) == good + 20);
	for (uint32_t cut = 0; cut < 20 + 314; cut++) {
		copy = malloc(cut == 0 ? 1 : cut);
		if (copy == NULL)
			return;
		memcpy(copy, good, cut);
		if (cut >= 6)
			tpm2_write32(copy + 2, cut);
		found += endorsement_find_public(copy, cut, &size) != NULL ? 1u : 0u;
		free(copy);
	}
	CHECK_EQ(found, 0);
	for (uint32_t at = 2; at < 10; at++) {
		good[at] ^= 1;
		CHECK(endorsement_find_public(good, 20 + 314, &size) == NULL);
		good[at] ^= 1;
	}
	for (uint32_t at = 18; at < 20 + 58; at++) {
		good[at] ^= 1;
		CHECK(endorsement_find_public(good, 20 + 314, &size) == NULL);
		good[at] ^= 1;
	}
}

/* ---- the store ---- */

TEST(store_keeps_a_few_objects)
{
	struct memory_store *big = &store, copy;
	const struct store *s = &store.store;
	uint8_t *data;
	uint32_t size;

	start(true);
	CHECK_EQ(s->load(s->context, "a", &data, &size), ERR_NOT_FOUND);
	CHECK_EQ(s->load(s->context, "", &data, &size), ERR_NOT_FOUND);
	CHECK_EQ(s->save(s->context, "a", (const uint8_t *)"one", 3), 0);
	CHECK_EQ(s->save(s->context, "a", (const uint8_t *)"other", 5), 0);
	CHECK_EQ(s->load(s->context, "a", &data, &size), 0);
	CHECK(size == 5 && memcmp(data, "other", 5) == 0);
	store_free(data, size);
	CHECK_EQ(s->save(s->context, "", (const uint8_t *)"x", 1), ERR_INVALID);
	CHECK_EQ(s->save(s->context, "a name of 16 byt", (const uint8_t *)"x", 1), ERR_INVALID);
	CHECK_EQ(s->save(s->context, "b", (const uint8_t *)"x", STORE_OBJECT_MAX + 1), ERR_INVALID);
	CHECK_EQ(s->save(s->context, "b", (const uint8_t *)"", 0), 0);
	CHECK_EQ(s->save(s->context, "c", (const uint8_t *)"x", 1), 0);
	CHECK_EQ(s->save(s->context, "permall", (const uint8_t *)"state", 5), 0);
	CHECK_EQ(s->save(s->context, "e", (const uint8_t *)"x", 1), ERR_NO_MEMORY);
	CHECK_EQ(s->remove(s->context, "e"), ERR_NOT_FOUND);
	CHECK_EQ(s->remove(s->context, "c"), 0);
	CHECK_EQ(s->remove(s->context, "c"), ERR_NOT_FOUND);
	memory_store_init(&copy);
	CHECK_EQ(memory_store_copy(&copy, s), 0);
	CHECK_EQ(copy.store.load(copy.store.context, "permall", &data, &size), 0);
	CHECK(size == 5 && memcmp(data, "state", 5) == 0);
	store_free(data, size);
	CHECK_EQ(copy.store.load(copy.store.context, "a", &data, &size), ERR_NOT_FOUND);
	memory_store_clear(&copy);
	memory_store_clear(big);
}

/* A TPM whose state nobody keeps must not be used: the next start would make another. */
static int forget(void *context, const char *name, const uint8_t *data, uint32_t size)
{
	(void)context;
	(void)name;
	(void)data;
	(void)size;
	return 0;
}

TEST(store_that_forgets)
{
	uint8_t key[ENDORSEMENT_PUBLIC_MAX];
	uint32_t size;

	start(true);
	mock_engine_reset();
	store.store.save = forget;
	tpm_start(&store.store, false);
	CHECK(tpm_has_failed());
	CHECK(!mock_engine.on);
	CHECK_EQ(endorsement_compute(&store.store, key, &size), ERR_NOT_FOUND);
	CHECK_EQ(mock_engine.starts, 1);
}
