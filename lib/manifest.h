/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - reader of the text that says which services an image has (docs/services.md).
 *
 * Lines of words; '#' starts a comment. "service NAME" begins one; the lines behind it are about that service:
 *
 *   file NAME             program in the archive (default: the service's name)
 *   memory N[K|M]         its limit, up to 16M (default 1M)
 *   run N                 milliseconds of processor time for one request, up to 600000 (default: the monitor's)
 *   handles log random    one or both
 *   serve CHANNEL         it receives from this channel (made when first named)
 *   use CHANNEL           it sends to this channel
 *   door PROTOCOL CHANNEL calls of the guest for that protocol go to the channel that it serves
 *   env NAME=VALUE        an environment string
 *   restart never | always N | failed NAME=VALUE
 *                         when it ends: that was it (the default); started again, at most N times; started again with
 *                         one more environment string, at most MANIFEST_FAILED_MAX times
 *
 * Everything is bounded; nothing is allocated. Handles of a service are numbered in this order: log, random, channels
 * in the order of their lines.
 */
#ifndef LIB_MANIFEST_H
#define LIB_MANIFEST_H

#include "abi/service.h"
#include "lib/types.h"

#define MANIFEST_SERVICES_MAX 8u
#define MANIFEST_CHANNELS_MAX 8u
#define MANIFEST_ENDS_MAX 8u  /* channels of one service */
#define MANIFEST_DOORS_MAX 8u /* of all services */
#define MANIFEST_TEXT_MAX 320u /* environment of one service */
#define MANIFEST_FAILED_MAX 3u
#define MANIFEST_MEMORY_MAX (16ull << 20)
#define MANIFEST_RUN_MAX 600000u

enum manifest_restart { RESTART_NEVER, RESTART_ALWAYS, RESTART_FAILED };

struct manifest_end {
	uint32_t channel; /* index */
	bool server;
};

struct manifest_service {
	char name[SERVICE_NAME_MAX], file[SERVICE_NAME_MAX];
	uint64_t memory;
	uint64_t run;
	bool log, random;
	uint32_t end_count;
	struct manifest_end end[MANIFEST_ENDS_MAX];
	uint32_t text_size; /* strings, each with its NUL */
	char text[MANIFEST_TEXT_MAX];
	enum manifest_restart restart;
	uint32_t restarts;
	char failed_text[MANIFEST_TEXT_MAX]; /* one string */
};

struct manifest_door {
	uint32_t protocol, channel;
};

struct manifest {
	uint32_t service_count, channel_count, door_count;
	struct manifest_service service[MANIFEST_SERVICES_MAX];
	char channel[MANIFEST_CHANNELS_MAX][SERVICE_NAME_MAX];
	struct manifest_door door[MANIFEST_DOORS_MAX];
};

struct manifest_error {
	const char *text;
	uint32_t line; /* from 1 on */
};

/* ERR_FORMAT with the first thing that is wrong; *manifest then holds what came before it. */
int manifest_parse(struct manifest *manifest, const char *text, uint64_t size, struct manifest_error *error) __must_check;

#endif
