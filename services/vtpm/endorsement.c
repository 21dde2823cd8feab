/* SPDX-License-Identifier: MIT */
#include "services/vtpm/endorsement.h"

#include <string.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/engine.h"
#include "services/vtpm/tpm.h"

#define PUBLIC_OFFSET (TPM_HEADER_SIZE + 4u + 4u) /* behind handle and parameterSize */
#define MODULUS_SIZE 256u

static const uint8_t startup[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0 };

/* TPM2_CreatePrimary under the endorsement hierarchy, empty password, up to the template's size field. */
static const uint8_t create_head[] = {
	0x80, 0x02, 0, 0, 0, 0, 0, 0, 0x01, 0x31, 0x40, 0, 0, 0x0B, /* header, hierarchy */
	0, 0, 0, 9, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0,               /* password session */
	0, 4, 0, 0, 0, 0,                                           /* no secret of the caller's */
};

/*
 * TCG EK Credential Profile, template L-1: RSA 2048, SHA-256; fixedTPM, fixedParent, sensitiveDataOrigin,
 * adminWithPolicy, restricted, decrypt; AES-128-CFB; the policy is PolicySecret of the endorsement hierarchy.
 */
static const uint8_t template_head[] = {
	0x00, 0x01, 0x00, 0x0B, 0x00, 0x03, 0x00, 0xB2, 0x00, 0x20,
	0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
	0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
	0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x08, 0x00, 0, 0, 0, 0, 0x01, 0x00,
};

static uint32_t build_command(uint8_t *command)
{
	uint32_t size = 0, template_size = sizeof(template_head) + MODULUS_SIZE;

	memcpy(command, create_head, sizeof(create_head));
	size += sizeof(create_head);
	tpm2_write16(command + size, template_size);
	size += 2;
	memcpy(command + size, template_head, sizeof(template_head));
	memset(command + size + sizeof(template_head), 0, MODULUS_SIZE);
	size += template_size;
	memset(command + size, 0, 6); /* outsideInfo, creationPCR */
	size += 6;
	tpm2_write32(command + 2, size);
	return size;
}

const uint8_t *endorsement_find_public(const uint8_t *response, uint32_t response_size, uint32_t *size)
{
	const uint8_t *public;

	if (response_size < PUBLIC_OFFSET + 2 || tpm2_read32(response + 2) != response_size ||
	    tpm2_read32(response + 6) != TPM2_RC_SUCCESS)
		return NULL;
	public = response + PUBLIC_OFFSET + 2;
	*size = tpm2_read16(response + PUBLIC_OFFSET);
	if (*size != sizeof(template_head) + MODULUS_SIZE || *size > response_size - PUBLIC_OFFSET - 2 ||
	    memcmp(public, template_head, sizeof(template_head)) != 0)
		return NULL;
	return public;
}

static int create(uint8_t *response, uint32_t *response_size)
{
	uint8_t command[sizeof(create_head) + 2 + sizeof(template_head) + MODULUS_SIZE + 6];
	uint32_t size = engine_process(0, startup, sizeof(startup), response, ENGINE_RESPONSE_MAX);

	if (size == 0 || tpm2_read32(response + 6) != TPM2_RC_SUCCESS)
		return ERR_FAULT;
	size = build_command(command);
	*response_size = engine_process(0, command, size, response, ENGINE_RESPONSE_MAX);
	return *response_size == 0 || tpm2_read32(response + 6) != TPM2_RC_SUCCESS ? ERR_FAULT : 0;
}

int endorsement_compute(const struct store *store, uint8_t out[ENDORSEMENT_PUBLIC_MAX], uint32_t *size)
{
	static uint8_t response[ENGINE_RESPONSE_MAX];
	struct memory_store copy;
	const uint8_t *public;
	uint32_t response_size;
	int error;

	memory_store_init(&copy);
	error = memory_store_copy(&copy, store);
	/* Without the TPM's state, which is copied first, the engine would make a TPM of its own. */
	if (error == 0 && strcmp(copy.object[0].name, engine_objects[0]) != 0)
		error = ERR_NOT_FOUND;
	if (error == 0)
		error = engine_start(&copy.store);
	if (error != 0)
		goto out_clear;
	error = create(response, &response_size);
	engine_stop();
	if (error != 0)
		goto out_clear;
	public = endorsement_find_public(response, response_size, size);
	error = public == NULL || *size > ENDORSEMENT_PUBLIC_MAX ? ERR_FORMAT : 0;
	if (error == 0)
		memcpy(out, public, *size);
out_clear:
	memory_store_clear(&copy);
	return error;
}
