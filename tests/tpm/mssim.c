/* SPDX-License-Identifier: MIT */
#include "tests/tpm/mssim.h"

#include <string.h>

#include "services/vtpm/codes.h"
#include "services/vtpm/tpm.h"

#define SIGNAL_POWER_ON 1u
#define SIGNAL_POWER_OFF 2u
#define SIGNAL_PHYSICAL_PRESENCE_ON 3u
#define SIGNAL_PHYSICAL_PRESENCE_OFF 4u
#define SIGNAL_HASH_START 5u
#define SIGNAL_HASH_DATA 6u
#define SIGNAL_HASH_END 7u
#define SEND_COMMAND 8u
#define SIGNAL_CANCEL_ON 9u
#define SIGNAL_CANCEL_OFF 10u
#define SIGNAL_NV_ON 11u
#define SIGNAL_NV_OFF 12u
#define REMOTE_HANDSHAKE 15u
#define SIGNAL_RESET 17u
#define SIGNAL_RESTART 18u
#define SESSION_END 20u
#define STOP 21u

#define SERVER_VERSION 1u
#define SERVER_INFORMATION 0x5u /* a simulator, without a resource manager, in raw mode */

static bool powered = true;

void mssim_open(struct mssim *mssim, enum mssim_kind kind)
{
	*mssim = (struct mssim){ .kind = kind };
}

static enum mssim_verdict complain(struct mssim *mssim, const char *text)
{
	mssim->complaint = text;
	return MSSIM_CLOSE;
}

static void answer32(struct mssim *mssim, uint32_t value)
{
	tpm2_write32(mssim->answer + mssim->answer_size, value);
	mssim->answer_size += 4;
}

/*
 * Bytes of the whole message that are known to be wanted with those that are there; 0: no message is as long.
 * At least one more than there is, as long as the message is not complete.
 */
static uint32_t wanted(const struct mssim *mssim)
{
	uint32_t operation, head, content;

	if (mssim->used < 4)
		return 4;
	operation = tpm2_read32(mssim->message);
	if (operation == REMOTE_HANDSHAKE)
		return 8;
	if (mssim->kind == MSSIM_COMMANDS && operation == SEND_COMMAND)
		head = 9;
	else if (mssim->kind == MSSIM_PLATFORM && operation == SIGNAL_HASH_DATA)
		head = 8;
	else
		return 4;
	if (mssim->used < head)
		return head;
	content = tpm2_read32(mssim->message + head - 4);
	return content > MSSIM_MESSAGE_MAX - head ? 0 : head + content;
}

static void power_on(void)
{
	if (!powered)
		tpm_reset();
	powered = true;
}

static void send_command(struct mssim *mssim)
{
	const uint8_t *message = mssim->message;
	uint32_t size;

	power_on();
	size = tpm_command(message[4], message + 9, tpm2_read32(message + 5), mssim->answer + 4);
	answer32(mssim, size);
	mssim->answer_size += size;
	answer32(mssim, 0);
}

static int hash_data(const uint8_t *message)
{
	return engine_hash_data(message + 8, tpm2_read32(message + 4));
}

/* An event of the platform: 0, an error of the TPM, or ERR_UNSUPPORTED. */
static int platform_event(const struct mssim *mssim)
{
	uint32_t operation = tpm2_read32(mssim->message);
	bool hash = operation >= SIGNAL_HASH_START && operation <= SIGNAL_HASH_END;

	if (hash && (tpm_has_failed() || !powered))
		return ERR_STATE;
	switch (operation) {
	case SIGNAL_POWER_ON: power_on(); return 0;
	case SIGNAL_POWER_OFF: powered = false; return 0;
	case SIGNAL_RESET:
	case SIGNAL_RESTART:
		powered = true;
		tpm_reset();
		return 0;
	case SIGNAL_HASH_START: return engine_hash_start();
	case SIGNAL_HASH_DATA: return hash_data(mssim->message);
	case SIGNAL_HASH_END: return engine_hash_end();
	case SIGNAL_PHYSICAL_PRESENCE_ON:
	case SIGNAL_PHYSICAL_PRESENCE_OFF:
	case SIGNAL_CANCEL_ON:
	case SIGNAL_CANCEL_OFF:
	case SIGNAL_NV_ON:
	case SIGNAL_NV_OFF: return 0; /* this TPM has none of these pins */
	default: return ERR_UNSUPPORTED;
	}
}

static enum mssim_verdict execute(struct mssim *mssim)
{
	uint32_t operation = tpm2_read32(mssim->message);
	int error;

	switch (operation) {
	case SESSION_END: return MSSIM_CLOSE;
	case STOP: return MSSIM_STOP;
	case REMOTE_HANDSHAKE:
		answer32(mssim, SERVER_VERSION);
		answer32(mssim, SERVER_INFORMATION);
		answer32(mssim, 0);
		return MSSIM_ANSWER;
	default: break;
	}
	if (mssim->kind == MSSIM_COMMANDS) {
		if (operation != SEND_COMMAND)
			return complain(mssim, "this operation belongs on the platform's port");
		send_command(mssim);
		return MSSIM_ANSWER;
	}
	error = platform_event(mssim);
	if (error == ERR_UNSUPPORTED)
		return complain(mssim, "no such operation");
	answer32(mssim, error == 0 ? 0 : 1);
	return MSSIM_ANSWER;
}

enum mssim_verdict mssim_feed(struct mssim *mssim, const uint8_t **data, size_t *size)
{
	uint32_t end = wanted(mssim);

	mssim->answer_size = 0;
	while (mssim->used < end && *size > 0) {
		size_t chunk = end - mssim->used < *size ? end - mssim->used : *size;

		memcpy(mssim->message + mssim->used, *data, chunk);
		mssim->used += (uint32_t)chunk;
		*data += chunk;
		*size -= chunk;
		end = wanted(mssim);
		if (end == 0)
			return complain(mssim, "the message is longer than a TPM's command can be");
	}
	if (mssim->used < end)
		return MSSIM_MORE;
	mssim->used = 0;
	return execute(mssim);
}
