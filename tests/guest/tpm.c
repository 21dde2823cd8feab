/* SPDX-License-Identifier: MIT */
#include "tests/guest/tpm.h"

#include "lib/string.h"
#include "tests/guest/svsm.h"
#define GUEST_AREA "085"
#include "tests/guest/test.h"

#define TRIES_MAX 200000u
#define RESPONSE_MAX sizeof(((struct svsm_vtpm_response *)0)->response)

uint8_t tpm_buffer[2 * PAGE_SIZE] __attribute__((aligned(4096)));
uint8_t tpm_bytes[4096];
uint32_t tpm_size;
const uint8_t *tpm_response;
uint32_t tpm_response_size, tpm_incomplete;

uint64_t tpm_buffer_gpa(void)
{
	return (uint64_t)(uintptr_t)tpm_buffer;
}

bool tpm_is_there(void)
{
	struct svsm_args args = { .rcx = 0 };

	return svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &args) == SVSM_SUCCESS;
}

/* ---- building ---- */

void tpm_put8(uint32_t value)
{
	tpm_bytes[tpm_size++] = (uint8_t)value;
}

void tpm_put16(uint32_t value)
{
	tpm2_write16(tpm_bytes + tpm_size, value);
	tpm_size += 2;
}

void tpm_put32(uint32_t value)
{
	tpm2_write32(tpm_bytes + tpm_size, value);
	tpm_size += 4;
}

void tpm_put_bytes(const uint8_t *bytes, uint32_t size)
{
	memcpy(tpm_bytes + tpm_size, bytes, size);
	tpm_size += size;
}

void tpm_put_zeros(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		tpm_put8(0);
}

void tpm_begin(uint32_t tag, uint32_t code)
{
	tpm_size = 0;
	tpm_put16(tag);
	tpm_put32(0);
	tpm_put32(code);
}

void tpm_put_password(void)
{
	tpm_put32(9);
	tpm_put32(TPM2_RS_PW);
	tpm_put16(0);
	tpm_put8(0);
	tpm_put16(0);
}

/* ---- sending ---- */

uint64_t tpm_call(uint64_t gpa)
{
	uint64_t code = SVSM_ERR_INCOMPLETE;

	tpm_incomplete = 0;
	for (uint32_t i = 0; i < TRIES_MAX && (code == SVSM_ERR_INCOMPLETE || code == SVSM_ERR_BUSY); i++) {
		struct svsm_args args = { .rcx = gpa };

		code = svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, &args);
		tpm_incomplete += code == SVSM_ERR_INCOMPLETE ? 1u : 0u;
	}
	return code;
}

void tpm_write_request(uint8_t *to, uint32_t platform, uint32_t locality, uint32_t size)
{
	struct svsm_vtpm_request *request = (struct svsm_vtpm_request *)(void *)to;

	request->platform_command = platform;
	request->locality = (uint8_t)locality;
	request->size = size;
	memcpy(request->command, tpm_bytes, sizeof(request->command));
}

uint64_t tpm_try(uint32_t size)
{
	uint64_t code;

	memset(tpm_buffer, 0xEE, sizeof(tpm_buffer));
	tpm_write_request(tpm_buffer, SVSM_VTPM_SEND_COMMAND, 0, size);
	code = tpm_call(tpm_buffer_gpa());
	if (code != SVSM_SUCCESS)
		return code;
	memcpy(&tpm_response_size, tpm_buffer, sizeof(tpm_response_size));
	tpm_response = tpm_buffer + sizeof(tpm_response_size);
	CHECK_EQ(tpm2_read32(tpm_response + 2), tpm_response_size);
	CHECK(tpm_response_size >= TPM_HEADER && tpm_response_size <= RESPONSE_MAX);
	CHECK_EQ(tpm_buffer[PAGE_SIZE], 0xEE);
	return code;
}

uint32_t tpm_send(uint32_t size)
{
	uint64_t code = tpm_try(size);

	CHECK_EQ_FOR(code, SVSM_SUCCESS, tpm2_read32(tpm_bytes + 6));
	return code == SVSM_SUCCESS ? tpm2_read32(tpm_response + 6) : ~0u;
}

uint32_t tpm_run(void)
{
	tpm2_write32(tpm_bytes + 2, tpm_size);
	return tpm_send(tpm_size);
}

uint32_t tpm_get_random(uint32_t count)
{
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x17B);
	tpm_put16(count);
	return tpm_run();
}
