/* SPDX-License-Identifier: MIT */
/* Commands of the TPM 2.0 library, part 3, as bytes. Numbers that only this file needs stand where they are used. */
#include <string.h>

#include "services/vtpm/codes.h"
#include "tests/latency/latency.h"

#define RH_OWNER 0x40000001u
#define RH_NULL 0x40000007u
#define NV_INDEX 0x01800200u
#define NV_SIZE 1024u
#define PCR 23u /* which locality 0 may reset */

#define ALG_RSA 0x0001u
#define ALG_AES 0x0006u
#define ALG_SHA256 0x000Bu
#define ALG_NULL 0x0010u
#define ALG_RSASSA 0x0014u
#define ALG_ECDSA 0x0018u
#define ALG_ECC 0x0023u
#define ALG_CFB 0x0043u
#define CURVE_P256 0x0003u

#define KEY_OF_TPM 0x00000072u /* fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth */
#define KEY_OF_USER 0x00000040u /* userWithAuth */
#define KEY_SIGN 0x00040000u
#define KEY_STORAGE 0x00030000u /* restricted, decrypt */

/*
 * A key that everybody may know, so that both TPMs sign with the same: the engine takes three times as long with some RSA
 * keys as with others.
 */
static const uint8_t rsa_modulus[256] = {
	0xDA, 0xF5, 0xD1, 0x7B, 0x8D, 0xB4, 0x3C, 0x42, 0x79, 0xB6, 0xB5, 0xFB, 0x1C, 0xD6, 0x86, 0x4D, 0x18, 0xE1,
	0x99, 0x27, 0x22, 0x80, 0x74, 0x1D, 0x3D, 0xEA, 0x9F, 0x61, 0x19, 0x30, 0x31, 0x2A, 0x63, 0xF8, 0xE1, 0x63,
	0xD5, 0xF9, 0xC6, 0x42, 0xDC, 0x0D, 0x8E, 0x4F, 0x84, 0x29, 0x57, 0x4D, 0xF1, 0xCB, 0x6A, 0xA0, 0x76, 0xF9,
	0x67, 0xC8, 0xD5, 0x5F, 0xA9, 0xE7, 0xDB, 0xB0, 0xF1, 0x09, 0x84, 0x57, 0xB6, 0x2F, 0x8D, 0xCF, 0xB6, 0x83,
	0x6B, 0xC4, 0x47, 0xC4, 0x92, 0x42, 0xA8, 0x9C, 0x87, 0xD2, 0x9D, 0x9E, 0xD2, 0x08, 0x10, 0x57, 0xBC, 0x7D,
	0x74, 0xE9, 0x89, 0x5A, 0x52, 0x1F, 0xE2, 0x19, 0xEC, 0x23, 0x7A, 0xCD, 0xA5, 0x99, 0xD4, 0x9A, 0xF0, 0xEB,
	0x67, 0x95, 0xC2, 0x95, 0xEA, 0xFC, 0x25, 0xE1, 0xFC, 0x6D, 0xBA, 0xC7, 0xE7, 0xE2, 0x7B, 0x7B, 0x70, 0x0B,
	0x8B, 0x9D, 0x4C, 0xB1, 0x7B, 0xB0, 0x22, 0x36, 0x22, 0xCC, 0xAF, 0x95, 0x51, 0x76, 0xDA, 0x62, 0x4A, 0xB9,
	0xD7, 0x42, 0xBE, 0xF2, 0x6F, 0x01, 0x72, 0x12, 0x93, 0xEA, 0x00, 0x00, 0xCA, 0x48, 0x21, 0x5A, 0xE4, 0xE5,
	0xBD, 0x3C, 0xC3, 0xC7, 0x12, 0xA6, 0x82, 0x6E, 0xF8, 0x57, 0x1C, 0xFE, 0xFD, 0xDE, 0x5F, 0x7D, 0x81, 0x50,
	0x68, 0xF9, 0x7B, 0x21, 0xCF, 0x90, 0xCF, 0xA1, 0x25, 0xE1, 0xE9, 0x6E, 0x68, 0x44, 0xF6, 0x2F, 0xA1, 0x32,
	0x34, 0xEC, 0x3C, 0x9D, 0xA7, 0x08, 0x66, 0x29, 0x2E, 0xFF, 0xBC, 0x58, 0xEE, 0x3B, 0x05, 0xBC, 0x08, 0xF5,
	0x9A, 0xB3, 0x1F, 0xB2, 0x3E, 0x85, 0xA9, 0x07, 0x1B, 0x95, 0xE2, 0x2A, 0x55, 0x27, 0xBC, 0x0F, 0xE8, 0x8C,
	0x44, 0xDF, 0x1B, 0xAA, 0x40, 0xBA, 0x56, 0x4F, 0xAD, 0x77, 0x15, 0x05, 0x31, 0x5D, 0xED, 0x4E, 0xEE, 0x30,
	0x7D, 0xCE, 0xDC, 0x45,
};

static const uint8_t rsa_prime[128] = {
	0xED, 0xFA, 0xC7, 0xEC, 0x69, 0x27, 0xF1, 0xC3, 0x64, 0xE3, 0x74, 0x65, 0xFE, 0x73, 0x58, 0x22, 0x22, 0x84,
	0x88, 0xB5, 0x2B, 0xEB, 0xFD, 0x1C, 0x99, 0x85, 0x8F, 0x98, 0x23, 0x32, 0x9A, 0x9C, 0x51, 0xD8, 0xB0, 0x99,
	0x80, 0x46, 0xB3, 0x77, 0x9C, 0xFD, 0x83, 0x0A, 0x32, 0xFF, 0xC4, 0x65, 0xC4, 0xFF, 0xF2, 0xCD, 0x69, 0x02,
	0x74, 0x5E, 0x88, 0x86, 0xA8, 0x4B, 0x5E, 0x0D, 0x87, 0x16, 0x3B, 0xAD, 0x71, 0x23, 0x21, 0xFE, 0xC3, 0x08,
	0x0A, 0xA9, 0x53, 0xF9, 0xD6, 0x23, 0x40, 0x2D, 0xA4, 0xBA, 0x16, 0xB6, 0xFA, 0xDB, 0x5A, 0xEC, 0x95, 0xD2,
	0x6A, 0x1F, 0x4A, 0x22, 0xA4, 0xC4, 0xCB, 0xF4, 0xD8, 0x5C, 0x66, 0x3D, 0x4C, 0xBC, 0x49, 0xA5, 0x87, 0x7F,
	0x51, 0xE0, 0xA5, 0xAE, 0xC1, 0xFA, 0x33, 0xF8, 0xBB, 0x88, 0xBD, 0xE4, 0x7F, 0xAC, 0x39, 0x4F, 0x02, 0xCF,
	0x7E, 0x05,
};

static void put8(struct command *command, uint32_t value)
{
	command->bytes[command->size++] = (uint8_t)value;
}

static void put16(struct command *command, uint32_t value)
{
	put8(command, value >> 8);
	put8(command, value & 0xFF);
}

static void put32(struct command *command, uint32_t value)
{
	put16(command, value >> 16);
	put16(command, value & 0xFFFF);
}

/* Bytes that are all the same: nothing here depends on their value. */
static void put_bytes(struct command *command, uint8_t value, uint32_t count)
{
	memset(command->bytes + command->size, value, count);
	command->size += count;
}

static void put_data(struct command *command, const uint8_t *data, uint32_t size)
{
	if (size > 0)
		memcpy(command->bytes + command->size, data, size);
	command->size += size;
}

static void begin(struct command *command, uint32_t tag, uint32_t code)
{
	command->size = 0;
	put16(command, tag);
	put32(command, 0); /* end() */
	put32(command, code);
}

/* Handles, then the empty password for the first. */
static void begin_authorized(struct command *command, uint32_t code, uint32_t handle, uint32_t second)
{
	begin(command, TPM2_ST_SESSIONS, code);
	put32(command, handle);
	if (second != NO_HANDLE)
		put32(command, second);
	put32(command, 9);
	put32(command, TPM2_RS_PW);
	put16(command, 0); /* nonce */
	put8(command, 0);  /* attributes */
	put16(command, 0); /* password */
}

static void end(struct command *command)
{
	tpm2_write32(command->bytes + 2, command->size);
}

/* Room for a 16-bit size; fill_size() knows it. */
static uint32_t leave_size(struct command *command)
{
	put16(command, 0);
	return command->size;
}

static void fill_size(struct command *command, uint32_t start)
{
	uint32_t size = command->size - start;

	command->bytes[start - 2] = (uint8_t)(size >> 8);
	command->bytes[start - 1] = (uint8_t)size;
}

static void put_pcr(struct command *command)
{
	put32(command, 1);
	put16(command, ALG_SHA256);
	put8(command, 3);
	put16(command, 0);
	put8(command, 1u << (PCR - 16u));
}

void command_startup(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	put16(command, 0); /* clear */
	end(command);
}

void command_self_test(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, 0x143);
	put8(command, 1); /* everything */
	end(command);
}

void command_get_random(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, 0x17B);
	put16(command, 32);
	end(command);
}

void command_pcr_read(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, 0x17E);
	put_pcr(command);
	end(command);
}

void command_pcr_extend(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_authorized(command, 0x182, PCR, NO_HANDLE);
	put32(command, 1);
	put16(command, ALG_SHA256);
	put_bytes(command, 0x5A, 32);
	end(command);
}

void command_hash(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, 0x17D);
	put16(command, 1024);
	put_bytes(command, 0x5A, 1024);
	put16(command, ALG_SHA256);
	put32(command, RH_NULL);
	end(command);
}

void command_nv_define(struct command *command, const struct objects *objects)
{
	uint32_t start;

	(void)objects;
	begin_authorized(command, 0x12A, RH_OWNER, NO_HANDLE);
	put16(command, 0); /* its password */
	start = leave_size(command);
	put32(command, NV_INDEX);
	put16(command, ALG_SHA256);
	put32(command, 0x00060006); /* owner and authorised may read and write */
	put16(command, 0);          /* policy */
	put16(command, NV_SIZE);
	fill_size(command, start);
	end(command);
}

void command_nv_undefine(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_authorized(command, 0x122, RH_OWNER, NV_INDEX);
	end(command);
}

void command_nv_write(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_authorized(command, 0x137, NV_INDEX, NV_INDEX);
	put16(command, NV_SIZE);
	put_bytes(command, 0x5A, NV_SIZE);
	put16(command, 0);
	end(command);
}

void command_nv_read(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_authorized(command, 0x14E, NV_INDEX, NV_INDEX);
	put16(command, NV_SIZE);
	put16(command, 0);
	end(command);
}

/* ---- keys ---- */

static void put_ecc_public(struct command *command, uint32_t kind)
{
	uint32_t start = leave_size(command);

	put16(command, ALG_ECC);
	put16(command, ALG_SHA256);
	put32(command, KEY_OF_TPM | kind);
	put16(command, 0); /* policy */
	if (kind == KEY_STORAGE) {
		put16(command, ALG_AES);
		put16(command, 128);
		put16(command, ALG_CFB);
		put16(command, ALG_NULL);
	} else {
		put16(command, ALG_NULL);
		put16(command, ALG_ECDSA);
		put16(command, ALG_SHA256);
	}
	put16(command, CURVE_P256);
	put16(command, ALG_NULL);
	put32(command, 0); /* empty point */
	fill_size(command, start);
}

static void put_rsa_public(struct command *command, uint32_t kind, const uint8_t *modulus, uint32_t modulus_size)
{
	uint32_t start = leave_size(command);

	put16(command, ALG_RSA);
	put16(command, ALG_SHA256);
	put32(command, kind | KEY_SIGN);
	put16(command, 0); /* policy */
	put16(command, ALG_NULL);
	put16(command, ALG_RSASSA);
	put16(command, ALG_SHA256);
	put16(command, 2048);
	put32(command, 0); /* the usual exponent */
	put16(command, modulus_size);
	put_data(command, modulus, modulus_size);
	fill_size(command, start);
}

static void begin_creation(struct command *command, uint32_t code, uint32_t handle)
{
	begin_authorized(command, code, handle, NO_HANDLE);
	put16(command, 4); /* neither password nor data */
	put32(command, 0);
}

static void end_creation(struct command *command)
{
	put16(command, 0); /* outside information */
	put32(command, 0); /* PCRs */
	end(command);
}

void command_create_parent(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_creation(command, TPM2_CC_CREATE_PRIMARY, RH_OWNER);
	put_ecc_public(command, KEY_STORAGE);
	end_creation(command);
}

void command_create_ecc_key(struct command *command, const struct objects *objects)
{
	(void)objects;
	begin_creation(command, TPM2_CC_CREATE_PRIMARY, RH_OWNER);
	put_ecc_public(command, KEY_SIGN);
	end_creation(command);
}

void command_load_rsa_key(struct command *command, const struct objects *objects)
{
	uint32_t start;

	(void)objects;
	begin(command, TPM2_ST_NO_SESSIONS, 0x167);
	start = leave_size(command);
	put16(command, ALG_RSA);
	put32(command, 0); /* neither password nor seed */
	put16(command, sizeof(rsa_prime));
	put_data(command, rsa_prime, sizeof(rsa_prime));
	fill_size(command, start);
	put_rsa_public(command, KEY_OF_USER, rsa_modulus, sizeof(rsa_modulus));
	put32(command, RH_NULL);
	end(command);
}

void command_make_rsa_key(struct command *command, const struct objects *objects)
{
	begin_creation(command, 0x153, objects->parent);
	put_rsa_public(command, KEY_OF_TPM, NULL, 0);
	end_creation(command);
}

void command_make_ecc_key(struct command *command, const struct objects *objects)
{
	begin_creation(command, 0x153, objects->parent);
	put_ecc_public(command, KEY_SIGN);
	end_creation(command);
}

static void sign(struct command *command, uint32_t key)
{
	begin_authorized(command, 0x15D, key, NO_HANDLE);
	put16(command, 32);
	put_bytes(command, 0x5A, 32);
	put16(command, ALG_NULL); /* the key's scheme */
	put16(command, 0x8024);   /* no ticket that the digest is the TPM's own */
	put32(command, RH_NULL);
	put16(command, 0);
	end(command);
}

void command_sign_ecc(struct command *command, const struct objects *objects)
{
	sign(command, objects->ecc_key);
}

void command_sign_rsa(struct command *command, const struct objects *objects)
{
	sign(command, objects->rsa_key);
}

void command_quote(struct command *command, const struct objects *objects)
{
	begin_authorized(command, 0x158, objects->ecc_key, NO_HANDLE);
	put16(command, 32);
	put_bytes(command, 0x5A, 32);
	put16(command, ALG_NULL);
	put_pcr(command);
	end(command);
}

void command_flush(struct command *command, uint32_t handle)
{
	begin(command, TPM2_ST_NO_SESSIONS, 0x165);
	put32(command, handle);
	end(command);
}
