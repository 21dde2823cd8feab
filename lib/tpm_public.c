/* SPDX-License-Identifier: MIT */
#include "lib/tpm_public.h"

#define RSA_EXPONENT_DEFAULT 65537u
#define RSA_BITS_MIN 2048u
#define RSA_BITS_MAX 4096u
#define POLICY_MAX 64u
#define ALG_AES 0x0006u
#define ALG_SM4 0x0013u
#define ALG_CAMELLIA 0x0026u
#define ALG_RSASSA 0x0014u
#define ALG_RSAPSS 0x0016u
#define ALG_ECDSA 0x0018u

/* Reads from the front; once something was missing everything else is missing, too. */
struct reader {
	const uint8_t *data;
	uint64_t size;
	bool bad;
};

static uint32_t read_number(struct reader *reader, uint32_t bytes)
{
	uint32_t value = 0;

	if (reader->bad || reader->size < bytes) {
		reader->bad = true;
		return 0;
	}
	for (uint32_t i = 0; i < bytes; i++)
		value = value << 8 | reader->data[i];
	reader->data += bytes;
	reader->size -= bytes;
	return value;
}

static uint16_t read_u16(struct reader *reader)
{
	return (uint16_t)read_number(reader, 2);
}

/* A TPM2B: size and bytes. */
static struct tpm_bytes read_bytes(struct reader *reader)
{
	struct tpm_bytes bytes = { .size = read_u16(reader) };

	bytes.data = reader->data;
	if (reader->bad || reader->size < bytes.size) {
		reader->bad = true;
		return (struct tpm_bytes){ 0 };
	}
	reader->data += bytes.size;
	reader->size -= bytes.size;
	return bytes;
}

/* TPMT_SYM_DEF_OBJECT: the cipher that a storage key protects its children with. */
static int read_symmetric(struct reader *reader)
{
	uint16_t algorithm = read_u16(reader);

	if (algorithm == TPM_ALG_NULL)
		return 0;
	if (algorithm != ALG_AES && algorithm != ALG_SM4 && algorithm != ALG_CAMELLIA)
		return ERR_UNSUPPORTED;
	(void)read_u16(reader); /* bits */
	(void)read_u16(reader); /* mode */
	return 0;
}

/* TPMT_RSA_SCHEME or TPMT_ECC_SCHEME, as far as a hash is all that follows. */
static int read_scheme(struct reader *reader)
{
	uint16_t scheme = read_u16(reader);

	if (scheme == TPM_ALG_NULL)
		return 0;
	if (scheme != ALG_RSASSA && scheme != ALG_RSAPSS && scheme != ALG_ECDSA)
		return ERR_UNSUPPORTED;
	(void)read_u16(reader); /* hash */
	return 0;
}

static int read_rsa(struct reader *reader, struct tpm_public *key)
{
	key->bits = read_u16(reader);
	key->exponent = read_number(reader, 4);
	key->modulus = read_bytes(reader);
	if (reader->bad)
		return ERR_FORMAT;
	if (key->bits < RSA_BITS_MIN || key->bits > RSA_BITS_MAX || key->bits % 1024u != 0)
		return ERR_UNSUPPORTED;
	if (key->exponent == 0)
		key->exponent = RSA_EXPONENT_DEFAULT;
	/* Odd, and as long as it says. */
	return key->modulus.size == key->bits / 8u && key->modulus.data[0] >= 0x80 &&
			       (key->modulus.data[key->modulus.size - 1u] & 1u) != 0 ?
		       0 :
		       ERR_FORMAT;
}

static int read_ecc(struct reader *reader, struct tpm_public *key)
{
	uint32_t size;
	uint16_t kdf;

	key->curve = read_u16(reader);
	kdf = read_u16(reader);
	if (reader->bad)
		return ERR_FORMAT;
	if (kdf != TPM_ALG_NULL || (key->curve != TPM_CURVE_P256 && key->curve != TPM_CURVE_P384))
		return ERR_UNSUPPORTED;
	key->x = read_bytes(reader);
	key->y = read_bytes(reader);
	size = key->curve == TPM_CURVE_P256 ? 32u : 48u;
	return !reader->bad && key->x.size == size && key->y.size == size ? 0 : ERR_FORMAT;
}

int tpm_public_read(const void *data, uint64_t size, struct tpm_public *key)
{
	struct reader reader = { data, size, false };
	int error;

	*key = (struct tpm_public){ 0 };
	key->type = read_u16(&reader);
	key->name_algorithm = read_u16(&reader);
	key->attributes = read_number(&reader, 4);
	key->policy = read_bytes(&reader);
	if (reader.bad || key->policy.size > POLICY_MAX)
		return ERR_FORMAT;
	if (key->type != TPM_ALG_RSA && key->type != TPM_ALG_ECC)
		return ERR_UNSUPPORTED;
	error = read_symmetric(&reader);
	if (error == 0)
		error = read_scheme(&reader);
	if (error == 0)
		error = key->type == TPM_ALG_RSA ? read_rsa(&reader, key) : read_ecc(&reader, key);
	if (reader.bad)
		return ERR_FORMAT;
	return error == 0 && reader.size != 0 ? ERR_FORMAT : error;
}

bool tpm_public_is_endorsement_key(const struct tpm_public *key)
{
	const uint32_t wanted = TPM_ATTRIBUTE_FIXED_TPM | TPM_ATTRIBUTE_FIXED_PARENT | TPM_ATTRIBUTE_SENSITIVE_ORIGIN |
				TPM_ATTRIBUTE_RESTRICTED | TPM_ATTRIBUTE_DECRYPT;

	return (key->attributes & (wanted | TPM_ATTRIBUTE_SIGN)) == wanted;
}
