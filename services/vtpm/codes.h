/* SPDX-License-Identifier: MIT */
/* codes.h - numbers of the TPM 2.0 library specification, part 2, and its big-endian fields. */
#ifndef SERVICES_VTPM_CODES_H
#define SERVICES_VTPM_CODES_H

#include "lib/types.h"

#define TPM2_ST_NO_SESSIONS 0x8001u
#define TPM2_ST_SESSIONS 0x8002u

#define TPM2_CC_CHANGE_EPS 0x124u
#define TPM2_CC_CREATE_PRIMARY 0x131u
#define TPM2_CC_STARTUP 0x144u
#define TPM2_CC_GET_CAPABILITY 0x17Au
#define TPM2_CC_GET_TEST_RESULT 0x17Cu
#define TPM2_CC_CERTIFY_X509 0x197u

#define TPM2_RC_SUCCESS 0x000u
#define TPM2_RC_FAILURE 0x101u
#define TPM2_RC_COMMAND_SIZE 0x142u
#define TPM2_RC_COMMAND_CODE 0x143u
#define TPM2_RC_LOCALITY 0x907u

#define TPM2_RH_ENDORSEMENT 0x4000000Bu
#define TPM2_RS_PW 0x40000009u

#define TPM2_CAP_PROPERTIES 6u
#define TPM2_PT_MANUFACTURER 0x105u
#define TPM2_PT_VENDOR_STRING_1 0x106u
#define TPM2_PT_FIRMWARE_VERSION_2 0x10Cu

static inline uint16_t tpm2_read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t tpm2_read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void tpm2_write16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void tpm2_write32(uint8_t *at, uint32_t value)
{
	tpm2_write16(at, value >> 16);
	tpm2_write16(at + 2, value);
}

/* A response that is nothing but a code; its size. */
static inline uint32_t tpm2_write_code(uint8_t *response, uint32_t code)
{
	tpm2_write16(response, TPM2_ST_NO_SESSIONS);
	tpm2_write32(response + 2, 10);
	tpm2_write32(response + 6, code);
	return 10;
}

#endif
