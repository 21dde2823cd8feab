/* SPDX-License-Identifier: MIT */
/*
 * mssim.h - the TPM simulator's protocol, as TSS libraries speak it, in front of the TPM of services/vtpm.
 *
 * Two connections: commands, and the platform's events (power, reset, hash). All numbers are big-endian u32. This module
 * is the protocol alone, without sockets: bytes go in as they come, answers come out. A conversation holds at most one
 * message; the peer of one that breaks the protocol is to be disconnected.
 */
#ifndef TESTS_TPM_MSSIM_H
#define TESTS_TPM_MSSIM_H

#include "lib/types.h"

#define MSSIM_MESSAGE_MAX (4u + 1u + 4u + 4096u)
#define MSSIM_ANSWER_MAX (4u + 4096u + 4u)

enum mssim_kind { MSSIM_COMMANDS, MSSIM_PLATFORM };

enum mssim_verdict {
	MSSIM_MORE,   /* all bytes were taken, and more are wanted */
	MSSIM_ANSWER, /* a message is complete: its answer (of any size, also 0) goes to the peer */
	MSSIM_CLOSE,  /* the peer ended the session, or broke the protocol */
	MSSIM_STOP,   /* the peer asked the simulator to end */
};

struct mssim {
	enum mssim_kind kind;
	uint32_t used;
	uint8_t message[MSSIM_MESSAGE_MAX];
	uint32_t answer_size;
	uint8_t answer[MSSIM_ANSWER_MAX];
	const char *complaint; /* why it is closed; NULL: the peer wanted it */
};

void mssim_open(struct mssim *mssim, enum mssim_kind kind);

/* Takes bytes from *data on, at most to the end of one message, and advances. */
enum mssim_verdict mssim_feed(struct mssim *mssim, const uint8_t **data, size_t *size);

#endif
