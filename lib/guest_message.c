/* SPDX-License-Identifier: MIT */
#include "lib/guest_message.h"

#include "lib/string.h"

#define MESSAGE_VERSION 1u
#define NUMBER_LAST (UINT64_MAX - 2u)

static void wipe_bytes(volatile uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = 0;
}

void guest_channel_wipe(struct guest_channel *channel)
{
	wipe_bytes(channel->key, sizeof(channel->key));
	wipe_bytes(channel->request, sizeof(channel->request));
	wipe_bytes(channel->answer, sizeof(channel->answer));
	channel->state = GUEST_CHANNEL_WIPED;
}

int guest_channel_init(struct guest_channel *channel, guest_message_gcm gcm, uint32_t index,
		       const uint8_t key[SNP_VMPCK_SIZE], uint64_t last_number)
{
	uint8_t any = 0;

	guest_channel_wipe(channel);
	for (uint32_t i = 0; i < SNP_VMPCK_SIZE; i++)
		any |= key[i];
	if (index >= SNP_VMPL_COUNT || any == 0 || last_number % 2 != 0 || last_number >= NUMBER_LAST)
		return ERR_INVALID;
	channel->gcm = gcm;
	channel->index = (uint8_t)index;
	channel->number = last_number + 1u;
	channel->type = 0;
	memcpy(channel->key, key, SNP_VMPCK_SIZE);
	channel->state = GUEST_CHANNEL_READY;
	return 0;
}

static void crypt(const struct guest_channel *channel, uint8_t *page, uint64_t number, uint32_t size, bool encrypt,
		  uint8_t tag[GUEST_MESSAGE_TAG_SIZE])
{
	uint8_t iv[GUEST_MESSAGE_IV_SIZE] = { 0 };

	for (uint32_t i = 0; i < sizeof(number); i++)
		iv[i] = (uint8_t)(number >> 8u * i & 0xFFu);
	channel->gcm(channel->key, iv, page + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE, page + SNP_MSG_HEADER_SIZE, size,
		     encrypt, tag);
}

int guest_channel_seal(struct guest_channel *channel, uint8_t type, const void *payload, uint32_t size)
{
	struct snp_msg_header *header = (struct snp_msg_header *)(void *)channel->request;
	uint8_t tag[GUEST_MESSAGE_TAG_SIZE];

	if (channel->state != GUEST_CHANNEL_READY)
		return ERR_STATE;
	if (size == 0 || size > SNP_MSG_PAYLOAD_MAX || type % 2 == 0)
		return ERR_INVALID;
	if (channel->number >= NUMBER_LAST) {
		guest_channel_wipe(channel);
		return ERR_OVERFLOW;
	}
	memset(channel->request, 0, sizeof(channel->request));
	*header = (struct snp_msg_header){ .msg_seqno = channel->number,
					   .algo = SNP_MSG_ALGO_AES_256_GCM,
					   .hdr_version = MESSAGE_VERSION,
					   .hdr_size = SNP_MSG_HEADER_SIZE,
					   .msg_type = type,
					   .msg_version = MESSAGE_VERSION,
					   .msg_size = (uint16_t)size,
					   .msg_vmpck = channel->index };
	memcpy(channel->request + SNP_MSG_HEADER_SIZE, payload, size);
	crypt(channel, channel->request, channel->number, size, true, tag);
	memcpy(header->authtag, tag, sizeof(tag));
	channel->type = type;
	channel->state = GUEST_CHANNEL_SENT;
	return 0;
}

const uint8_t *guest_channel_request(const struct guest_channel *channel)
{
	return channel->state == GUEST_CHANNEL_SENT ? channel->request : NULL;
}

/* Reserved fields under the tag are the security processor's to use later; those outside it are the host's. */
static bool header_fits(const struct guest_channel *channel, const struct snp_msg_header *header)
{
	return header->msg_seqno == channel->number + 1u && header->algo == SNP_MSG_ALGO_AES_256_GCM &&
	       header->hdr_version == MESSAGE_VERSION && header->hdr_size == SNP_MSG_HEADER_SIZE &&
	       header->msg_type == channel->type + 1u && header->msg_version == MESSAGE_VERSION &&
	       header->msg_size != 0 && header->msg_size <= SNP_MSG_PAYLOAD_MAX && header->msg_vmpck == channel->index;
}

static bool tags_differ(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (uint32_t i = 0; i < GUEST_MESSAGE_TAG_SIZE; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference != 0;
}

static void copy_once(uint8_t *to, const volatile uint64_t *from)
{
	for (uint32_t i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++) {
		uint64_t word = from[i];

		memcpy(to + i * sizeof(word), &word, sizeof(word));
	}
}

int guest_channel_open(struct guest_channel *channel, const volatile void *page, const uint8_t **payload,
		       uint32_t *size)
{
	struct snp_msg_header header;
	uint8_t tag[GUEST_MESSAGE_TAG_SIZE];

	if (channel->state != GUEST_CHANNEL_SENT)
		return ERR_STATE;
	copy_once(channel->answer, page);
	memcpy(&header, channel->answer, sizeof(header));
	if (!header_fits(channel, &header))
		goto refuse;
	crypt(channel, channel->answer, header.msg_seqno, header.msg_size, false, tag);
	if (tags_differ(tag, header.authtag))
		goto refuse;
	channel->number += 2u;
	channel->state = GUEST_CHANNEL_READY;
	wipe_bytes(channel->request, sizeof(channel->request));
	*payload = channel->answer + SNP_MSG_HEADER_SIZE;
	*size = header.msg_size;
	return 0;
refuse:
	wipe_bytes(channel->answer, sizeof(channel->answer));
	return ERR_FORMAT;
}

int guest_channel_skip(struct guest_channel *channel)
{
	if (channel->state != GUEST_CHANNEL_SENT)
		return ERR_STATE;
	wipe_bytes(channel->request, sizeof(channel->request));
	channel->number += 2u;
	channel->state = GUEST_CHANNEL_READY;
	return 0;
}
