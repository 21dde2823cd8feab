/* SPDX-License-Identifier: MIT */
#include "services/vtpm/failure.h"

#include "services/vtpm/codes.h"
#include "services/vtpm/tpm.h"

/*
 * The only properties that a TPM in failure mode has: manufacturer, four vendor strings, TPM type, firmware version. The
 * manufacturer is the engine's, "IBM": a client that looked before sees the same TPM.
 */
static const uint32_t properties[] = { 0x49424D00, 0x43617368, 0x65772054, 0x504D0000, 0, 1, 0, 0 };
_Static_assert(ARRAY_SIZE(properties) == TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_MANUFACTURER + 1, "all of them");

/* No text, and the result: it failed. */
static uint32_t test_result(uint8_t *response)
{
	tpm2_write_code(response, TPM2_RC_SUCCESS);
	tpm2_write16(response + 10, 0);
	tpm2_write32(response + 12, TPM2_RC_FAILURE);
	tpm2_write32(response + 2, 16);
	return 16;
}

/* At most one property at a time, from the one that was asked for on. */
static uint32_t capability(const uint8_t *parameters, uint8_t *response)
{
	uint32_t property = tpm2_read32(parameters + 4), count = tpm2_read32(parameters + 8);
	uint32_t size = 19;

	if (tpm2_read32(parameters) != TPM2_CAP_PROPERTIES)
		return tpm2_write_code(response, TPM2_RC_FAILURE);
	if (property < TPM2_PT_MANUFACTURER)
		property = TPM2_PT_MANUFACTURER;
	count = count != 0 && property <= TPM2_PT_FIRMWARE_VERSION_2 ? 1 : 0;
	tpm2_write_code(response, TPM2_RC_SUCCESS);
	response[10] = count != 0 && property < TPM2_PT_FIRMWARE_VERSION_2;
	tpm2_write32(response + 11, TPM2_CAP_PROPERTIES);
	tpm2_write32(response + 15, count);
	if (count != 0) {
		tpm2_write32(response + 19, property);
		tpm2_write32(response + 23, properties[property - TPM2_PT_MANUFACTURER]);
		size = 27;
	}
	tpm2_write32(response + 2, size);
	return size;
}

uint32_t failure_command(const uint8_t *command, uint32_t size, uint8_t *response)
{
	uint8_t parameters[12];

	if (tpm2_read16(command) != TPM2_ST_NO_SESSIONS)
		return tpm2_write_code(response, TPM2_RC_FAILURE);
	switch (tpm2_read32(command + 6)) {
	case TPM2_CC_GET_TEST_RESULT:
		return size == TPM_HEADER_SIZE ? test_result(response) : tpm2_write_code(response, TPM2_RC_FAILURE);
	case TPM2_CC_GET_CAPABILITY:
		if (size != TPM_HEADER_SIZE + sizeof(parameters))
			return tpm2_write_code(response, TPM2_RC_FAILURE);
		/* The response may lie where the command does. */
		for (uint32_t i = 0; i < sizeof(parameters); i++)
			parameters[i] = command[TPM_HEADER_SIZE + i];
		return capability(parameters, response);
	default:
		return tpm2_write_code(response, TPM2_RC_FAILURE);
	}
}
