/* SPDX-License-Identifier: MIT */
/*
 * A vTPM that dies: the image's manifest gives it so little processor time that the creation of a long key ends it. The
 * call ends with an error; from then on there is a TPM in failure mode, and no fresh one.
 */
#define GUEST_AREA "086"
#include "tests/guest/test.h"

#include "abi/svsm.h"
#include "tests/guest/tpm.h"

#define KEYS_MAX 30u
#define FAILURE_COMMANDS 200u

/* A new RSA key of 3072 bits; the result of the call. */
static uint64_t create_long_key(void)
{
	tpm_begin(TPM2_ST_SESSIONS, TPM2_CC_CREATE_PRIMARY);
	tpm_put32(TPM2_RH_ENDORSEMENT);
	tpm_put_password();
	tpm_put16(4);
	tpm_put16(0);
	tpm_put16(0);
	tpm_put16(26);
	tpm_put16(0x0001);
	tpm_put16(0x000B);
	tpm_put32(0x00030072);
	tpm_put16(0);
	tpm_put16(0x0006);
	tpm_put16(128);
	tpm_put16(0x0043);
	tpm_put16(0x0010);
	tpm_put16(3072);
	tpm_put32(0);
	tpm_put16(0);
	tpm_put16(0);
	tpm_put32(0);
	tpm2_write32(tpm_bytes + 2, tpm_size);
	return tpm_try(tpm_size);
}

static bool is_in_failure_mode(void)
{
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	tpm_put16(0);
	tpm2_write32(tpm_bytes + 2, tpm_size);
	return tpm_try(tpm_size) == SVSM_SUCCESS && tpm2_read32(tpm_response + 6) == TPM2_RC_FAILURE;
}

/* The first command may be the one that ends it: the endorsement key is made then. */
TEST(vtpm_dies)
{
	uint32_t errors = 0;

	for (uint32_t i = 0; i < KEYS_MAX && !is_in_failure_mode(); i++) {
		uint64_t code = create_long_key();

		errors += code != SVSM_SUCCESS ? 1u : 0u;
		CHECK(code == SVSM_SUCCESS || code == SVSM_ERR_INVALID_REQUEST);
	}
	CHECK(is_in_failure_mode());
	test_print("note: calls that ended with an error: %u\n", errors);
}

TEST(vtpm_stays_in_failure_mode)
{
	for (uint32_t i = 0; i < FAILURE_COMMANDS; i++)
		CHECK_EQ(tpm_get_random(8), TPM2_RC_FAILURE);
	for (uint32_t code = 0x11E; code < 0x1A0; code++) {
		tpm_begin(TPM2_ST_NO_SESSIONS, code);
		CHECK_EQ_FOR(tpm_run(), code == TPM2_CC_GET_TEST_RESULT ? 0 : TPM2_RC_FAILURE, code);
	}
	CHECK_EQ(tpm_send(9), TPM2_RC_COMMAND_SIZE);
	CHECK(is_in_failure_mode());
}

TEST(vtpm_tells_that_it_failed)
{
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_TEST_RESULT);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm_response_size, 16);
	CHECK_EQ(tpm2_read16(tpm_response + 10), 0);
	CHECK_EQ(tpm2_read32(tpm_response + 12), TPM2_RC_FAILURE);
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_CAPABILITY);
	tpm_put32(TPM2_CAP_PROPERTIES);
	tpm_put32(TPM2_PT_MANUFACTURER);
	tpm_put32(8);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm_response_size, 27);
	CHECK_EQ(tpm_response[10], 1);
	CHECK_EQ(tpm2_read32(tpm_response + 19), TPM2_PT_MANUFACTURER);
}
