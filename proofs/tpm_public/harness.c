/* SPDX-License-Identifier: MIT */
/* The reader of a TPM's public key, on bytes of any number and content. */
#include "proofs/prover.h"

#include "lib/tpm_public.c"

static const uint8_t *data;
static uint64_t size;

static void any_bytes(void)
{
	size = any_u64();
	ASSUME(size <= 1ull << 40);
	data = __CPROVER_allocate(size, 0);
}

static bool inside(const struct tpm_bytes *bytes)
{
	return __CPROVER_same_object(bytes->data, data) && bytes->data >= data && (uint64_t)(bytes->data - data) <= size &&
	       bytes->size <= size - (uint64_t)(bytes->data - data);
}

/* What is left behind bytes that were read. */
static bool rest_behind(const struct reader *reader, const struct tpm_bytes *bytes)
{
	return reader->data == bytes->data + bytes->size && reader->size == size - (uint64_t)(reader->data - data);
}

/* ---- numbers and bytes ---- */

void prove_reader(void)
{
	struct reader reader;

	any_bytes();
	reader = (struct reader){ data, size, any_bool() };
	bool bad = reader.bad;

	if (any_bool()) {
		uint32_t count = any_u8() % 5u;

		uint32_t value = read_number(&reader, count);

		PROVE((uint64_t)value < 1ull << 8u * count, "a number has its size");
		PROVE(IMPLIES(reader.bad, value == 0 && reader.data == data), "behind what is missing everything is");
		PROVE(reader.bad == (bad || size < count), "a number that is cut off is missing");
		PROVE(IMPLIES(!reader.bad, reader.data == data + count && reader.size == size - count), "what was read is gone");
		CANARY("a number");
	} else {
		struct tpm_bytes bytes = read_bytes(&reader);

		PROVE(IMPLIES(bad, reader.bad && bytes.data == NULL), "behind what is missing everything is");
		PROVE(IMPLIES(!reader.bad, inside(&bytes) && bytes.data == data + 2 && reader.data == bytes.data + bytes.size && reader.size == size - 2 - bytes.size), "bytes lie inside, the rest is behind them");
		PROVE(IMPLIES(reader.bad, bytes.size == 0), "or there are none");
		CANARY("bytes");
	}
	PROVE(reader.size <= size, "no more than there was");
}

/* What prove_reader() shows of it: any number of that size. */
uint32_t stub_read_number(struct reader *reader, uint32_t bytes)
{
	uint32_t value = any_u32();

	if (reader->bad || reader->size < bytes) {
		reader->bad = true;
		return 0;
	}
	reader->data += bytes;
	reader->size -= bytes;
	ASSUME((uint64_t)value < 1ull << 8u * bytes);
	return value;
}

/* ---- keys ---- */

void prove_rsa(void)
{
	struct tpm_public key;

	any_bytes();
	struct reader reader = { data, size, any_bool() };
	int error = read_rsa(&reader, &key);

	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(!reader.bad && (key.bits == 2048 || key.bits == 3072 || key.bits == 4096), "a length that is known");
	PROVE(inside(&key.modulus) && key.modulus.size * 8u == key.bits && rest_behind(&reader, &key.modulus), "the modulus has it, inside");
	PROVE(key.modulus.data[0] >= 0x80 && (key.modulus.data[key.modulus.size - 1] & 1) == 1 && key.exponent != 0, "it is odd, and as long as it says");
	CANARY("a key");
}

void prove_ecc(void)
{
	struct tpm_public key;

	any_bytes();
	struct reader reader = { data, size, any_bool() };
	int error = read_ecc(&reader, &key);

	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(!reader.bad && ((key.curve == TPM_CURVE_P256 && key.x.size == 32) || (key.curve == TPM_CURVE_P384 && key.x.size == 48)), "a curve that is known");
	PROVE(inside(&key.x) && inside(&key.y) && key.y.size == key.x.size && rest_behind(&reader, &key.y), "both numbers have its size, inside");
	CANARY("a key");
}

/* ---- the whole ---- */

static bool key_read;
static uint64_t left;

/* What prove_rsa() and prove_ecc() show of them: a key, and less is left. */
static int any_key(struct reader *reader)
{
	uint64_t taken = any_u64();

	PROVE(reader->size <= size && reader->data + reader->size == data + size, "the rest of what there was");
	if (reader->bad || taken > reader->size || any_bool()) {
		reader->bad = reader->bad || any_bool();
		return any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED;
	}
	key_read = true;
	reader->data += taken;
	reader->size -= taken;
	left = reader->size;
	return 0;
}

int stub_read_rsa(struct reader *reader, struct tpm_public *key)
{
	PROVE(key->type == TPM_ALG_RSA, "an RSA key");
	return any_key(reader);
}

int stub_read_ecc(struct reader *reader, struct tpm_public *key)
{
	PROVE(key->type == TPM_ALG_ECC, "an ECC key");
	return any_key(reader);
}

void prove_read(void)
{
	struct tpm_public key;

	any_bytes();
	int error = tpm_public_read(data, size, &key);

	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_UNSUPPORTED, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(key_read && left == 0, "there is a key, and nothing behind it");
	PROVE(inside(&key.policy) && key.policy.data == data + 10 && key.policy.size <= 64, "the policy lies inside, behind the attributes");
	if (key.type == TPM_ALG_RSA)
		CANARY("an RSA key");
	else
		CANARY("an ECC key");
}

void prove_attributes(void)
{
	struct tpm_public key;

	PROVE(tpm_public_is_endorsement_key(&key) == ((key.attributes & 0x00070032u) == 0x00030032u), "fixed, made inside, restricted, to decrypt, not to sign");
	if (tpm_public_is_endorsement_key(&key))
		CANARY("one");
}
