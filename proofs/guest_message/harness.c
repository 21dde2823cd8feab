/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of guest messages, with a cipher that keeps to nothing and an answer that is anything. Each call starts from
 * any channel that keeps the invariants and leaves one: so no number is ever used for two messages, whatever the calls.
 *
 * The bytes of payloads are not followed: where they are copied to is proved, that they are is tested.
 */
#include "proofs/prover.h"

#include "lib/guest_message.c"

#define HEADER SNP_MSG_HEADER_SIZE

static struct guest_channel channel;
static struct snp_msg_header answer_header; /* as it was copied */
static uint8_t page[PAGE_SIZE] __attribute__((aligned(8)));
static uint8_t byte; /* of a tag or a key; nobody chose it */

static uint64_t used;     /* the highest number that was used for a message */
static bool key_there;    /* the channel's key is one that came from the caller */
static bool key_wiped, request_wiped, answer_wiped;
static uint32_t copies, ciphers;
static uint8_t computed[GUEST_MESSAGE_TAG_SIZE];

/* ---- what the functions take for granted of others ---- */

/* What prove_wipe() shows of it. */
void stub_wipe_bytes(volatile uint8_t *bytes, uint32_t size)
{
	PROVE(__CPROVER_w_ok((void *)bytes, size), "inside the channel");
	if (bytes == channel.key && size == sizeof(channel.key)) {
		key_wiped = true;
		key_there = false;
	} else if (bytes == channel.request && size == sizeof(channel.request)) {
		request_wiped = true;
	} else if (bytes == channel.answer && size == sizeof(channel.answer)) {
		answer_wiped = true;
	}
}

void *memset(void *destination, int value, size_t size)
{
	PROVE(destination == channel.request && value == 0 && size == sizeof(channel.request), "all of the page is zero first");
	request_wiped = true;
	return destination;
}

static bool copying; /* copy_once() is proved: words go from the page to the same place of the channel's */
static uint32_t copied;

static void check_word(const void *destination, uint64_t word, size_t size)
{
	PROVE(destination == channel.answer + copied && size == sizeof(word), "word behind word");
	PROVE(word == *(const uint64_t *)(const void *)(page + copied), "what is there");
	copied += (uint32_t)size;
}

/* Bytes of a payload are not copied, those of anything shorter than a header are. */
void *memcpy(void *destination, const void *source, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(destination, size) && __CPROVER_r_ok(source, size)), "both sides are as long");
	if (copying) {
		check_word(destination, *(const uint64_t *)source, size);
		return destination;
	}
	if (destination == channel.request + HEADER) {
		PROVE(request_wiped && channel.state == GUEST_CHANNEL_READY, "a payload goes into an empty page");
		return destination;
	}
	if (source == channel.answer) {
		PROVE(size == sizeof(answer_header) && copies == 1, "the header of what was copied");
		*(struct snp_msg_header *)destination = answer_header;
		return destination;
	}
	for (size_t i = 0; i < size; i++)
		((uint8_t *)destination)[i] = ((const uint8_t *)source)[i];
	return destination;
}

/* What prove_copy() shows of it: a copy of anything. */
void stub_copy_once(uint8_t *to, const volatile uint64_t *from)
{
	PROVE(to == channel.answer && from == (const volatile uint64_t *)(void *)page, "the page is copied into the channel");
	answer_header = ANY(struct snp_msg_header);
	copies++;
}

static uint64_t number_of(const uint8_t iv[GUEST_MESSAGE_IV_SIZE])
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < 8; i++)
		number |= (uint64_t)iv[i] << 8u * i;
	PROVE((iv[8] | iv[9] | iv[10] | iv[11]) == 0, "an IV is the number");
	return number;
}

static void check_request(uint64_t number, uint32_t size)
{
	struct snp_msg_header *header = (struct snp_msg_header *)(void *)channel.request;

	PROVE(number == channel.number && header->msg_seqno == number && header->msg_size == size, "the header says what is sealed");
	PROVE(number > used, "no number is used for two messages");
	used = number;
}

/* AES-GCM: any bytes, any tag. */
void any_gcm(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE], const uint8_t *aad, uint32_t aad_size,
	     uint8_t *data, uint32_t size, bool encrypt, uint8_t tag[GUEST_MESSAGE_TAG_SIZE])
{
	uint8_t *side = encrypt ? channel.request : channel.answer;
	uint64_t number = number_of(iv);

	ciphers++;
	PROVE(key == channel.key && key_there, "with the key of the channel");
	PROVE(data == side + HEADER && size != 0 && size <= SNP_MSG_PAYLOAD_MAX, "the payload, inside its page");
	PROVE(aad == side + SNP_MSG_AAD_OFFSET && aad_size == SNP_MSG_AAD_SIZE, "the header is under the tag");
	if (encrypt)
		check_request(number, size);
	else
		PROVE(number == channel.number + 1u, "an answer has the next number");
	for (uint32_t i = 0; i < GUEST_MESSAGE_TAG_SIZE; i++)
		tag[i] = computed[i] = any_u8();
}

/* ---- invariants ---- */

static bool invariants(void)
{
	if (channel.state == GUEST_CHANNEL_WIPED)
		return !key_there;
	return (channel.state == GUEST_CHANNEL_READY || channel.state == GUEST_CHANNEL_SENT) && key_there &&
	       channel.number % 2 == 1 && channel.index < SNP_VMPL_COUNT && channel.gcm == any_gcm &&
	       IMPLIES(channel.state == GUEST_CHANNEL_READY, used < channel.number) &&
	       IMPLIES(channel.state == GUEST_CHANNEL_SENT,
		       used == channel.number && channel.number < NUMBER_LAST && channel.type % 2 == 1);
}

static void any_channel(void)
{
	__CPROVER_havoc_object(&channel);
	channel.state = any_u8() % 3;
	channel.gcm = any_gcm;
	channel.number = any_u64();
	channel.index = any_u8();
	channel.type = any_u8();
	used = any_u64();
	key_there = any_bool();
	byte = any_u8();
	ASSUME(invariants());
}

/* ---- proofs ---- */

static bool all_zero(const uint8_t key[SNP_VMPCK_SIZE])
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < SNP_VMPCK_SIZE; i++)
		any |= key[i];
	return any == 0;
}

void prove_init(void)
{
	uint8_t key[SNP_VMPCK_SIZE];
	uint32_t index = any_u32();
	uint64_t last = any_u64();

	any_channel();
	used = last; /* of this key */
	key_there = true;
	byte %= SNP_VMPCK_SIZE;
	int error = guest_channel_init(&channel, any_gcm, index, key, last);

	PROVE(key_wiped && request_wiped && answer_wiped, "nothing of an earlier key is left");
	if (error != 0) {
		PROVE(error == ERR_INVALID && channel.state == GUEST_CHANNEL_WIPED && !key_there, "what is refused is wiped");
		CANARY("refused");
		return;
	}
	key_there = true;
	PROVE(channel.state == GUEST_CHANNEL_READY && channel.number == last + 1u && channel.index == index && invariants(), "it is ready for the next number");
	PROVE(channel.key[byte] == key[byte], "the key is the one that was given");
	PROVE(!all_zero(key), "it is not all zero");
	CANARY("ready");
}

void prove_seal(void)
{
	uint32_t size = any_u32();
	uint8_t type = any_u8();

	any_channel();
	uint8_t state = (uint8_t)channel.state;
	uint64_t number = channel.number;
	const uint8_t *payload = __CPROVER_allocate(size, 0);
	int error = guest_channel_seal(&channel, type, payload, size);

	PROVE(invariants() && channel.number == number, "the invariants hold; the number stays");
	if (error == 0) {
		struct snp_msg_header *header = (struct snp_msg_header *)(void *)channel.request;

		PROVE(state == GUEST_CHANNEL_READY && channel.state == GUEST_CHANNEL_SENT && ciphers == 1, "sealed once");
		PROVE(header->authtag[byte % GUEST_MESSAGE_TAG_SIZE] == computed[byte % GUEST_MESSAGE_TAG_SIZE], "with its tag");
		PROVE(header->msg_type == type && channel.type == type && header->msg_vmpck == channel.index, "with type and key");
		CANARY("sealed");
		return;
	}
	PROVE(ciphers == 0, "what is refused is not sealed");
	PROVE(error == ERR_STATE || error == ERR_INVALID ? channel.state == state : error == ERR_OVERFLOW && channel.state == GUEST_CHANNEL_WIPED && key_wiped,
	      "a refusal changes nothing, but that the last number ends the key");
	if (error == ERR_OVERFLOW)
		CANARY("the last number");
	if (error == ERR_STATE && state == GUEST_CHANNEL_SENT)
		CANARY("another request");
}

static bool good_answer(uint64_t number)
{
	return answer_header.msg_seqno == number + 1u && answer_header.msg_type == channel.type + 1u &&
	       answer_header.algo == SNP_MSG_ALGO_AES_256_GCM && answer_header.hdr_version == 1 && answer_header.msg_version == 1 &&
	       answer_header.hdr_size == HEADER && answer_header.msg_vmpck == channel.index &&
	       answer_header.authtag[byte % GUEST_MESSAGE_TAG_SIZE] == computed[byte % GUEST_MESSAGE_TAG_SIZE];
}

void prove_open(void)
{
	const uint8_t *payload = NULL;
	uint32_t size = 0;

	any_channel();
	uint8_t state = (uint8_t)channel.state;
	uint64_t number = channel.number;
	int error = guest_channel_open(&channel, page, &payload, &size);

	PROVE(invariants() && copies <= 1 && ciphers <= 1, "the invariants hold; the page is read once");
	PROVE((error == ERR_STATE) == (state != GUEST_CHANNEL_SENT), "answers open when something was asked");
	if (error != 0) {
		PROVE(error == ERR_STATE || error == ERR_FORMAT, "a documented error");
		PROVE(channel.state == state && channel.number == number && !request_wiped && !key_wiped, "what does not open changes nothing");
		PROVE(payload == NULL && IMPLIES(error == ERR_FORMAT, answer_wiped), "nothing of it is left");
		CANARY("refused");
		return;
	}
	PROVE(copies == 1 && ciphers == 1 && good_answer(number), "only the answer to the request opens, under its tag");
	PROVE(channel.state == GUEST_CHANNEL_READY && channel.number == number + 2u && request_wiped, "the next number is next");
	PROVE(payload == channel.answer + HEADER && size == answer_header.msg_size && size != 0 && size <= SNP_MSG_PAYLOAD_MAX && !answer_wiped,
	      "the payload lies in the channel");
	CANARY("opened");
}

void prove_skip(void)
{
	any_channel();
	uint8_t state = (uint8_t)channel.state;
	uint64_t number = channel.number;

	PROVE((guest_channel_request(&channel) != NULL) == (state == GUEST_CHANNEL_SENT), "there is a request to send while one is sealed");
	if (guest_channel_skip(&channel) != 0) {
		PROVE(state != GUEST_CHANNEL_SENT && channel.state == state && channel.number == number, "a refusal changes nothing");
		CANARY("refused");
	} else {
		PROVE(state == GUEST_CHANNEL_SENT && channel.number == number + 2u && request_wiped, "the number is never used again");
		CANARY("skipped");
	}
	PROVE(invariants() && guest_channel_request(&channel) == NULL, "the invariants hold; there is nothing to send");
	guest_channel_wipe(&channel);
	PROVE(channel.state == GUEST_CHANNEL_WIPED && key_wiped && request_wiped && answer_wiped && invariants(), "what is wiped is gone");
}

void prove_wipe(void)
{
	uint8_t bytes[64], before[64];
	uint32_t size = any_u8() % 65u, i = any_u8() % 64u;

	before[i] = bytes[i];
	wipe_bytes(bytes, size);
	PROVE(bytes[i] == (i < size ? 0 : before[i]), "these bytes are zero, no others");
	CANARY("wiped");
}

void prove_copy(void)
{
	__CPROVER_havoc_object(page);
	copying = true;
	copy_once(channel.answer, (const volatile uint64_t *)(const volatile void *)page);
	PROVE(copied == sizeof(page), "all of the page is copied");
	CANARY("copied");
}
