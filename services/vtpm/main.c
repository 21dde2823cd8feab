/* SPDX-License-Identifier: MIT */
/* The TPM service: requests of the monitor (abi/service.h) in, answers out. Its state lies in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/rt/rt.h"
#include "services/vtpm/tpm.h"

#define CHANNEL "vtpm"
#define MODE "TPM_MODE"
#define MODE_FAILED "failed"

static struct memory_store store;
static struct service_message message;

/* A page came with the request, for the answer. */
static uint8_t *page_of_request(void)
{
	return message.pages == 1 ? (uint8_t *)(uintptr_t)message.address : NULL;
}

static void reply_vtpm(int error, uint32_t size)
{
	const struct vtpm_reply reply = { .error = error, .size = size };

	memcpy(message.data, &reply, sizeof(reply));
	message.size = sizeof(reply);
}

static void note_failure(void)
{
	static const char *last;
	const char *reason = tpm_has_failed() ? tpm_failure_reason() : NULL;

	if (reason != NULL && reason != last)
		printf("the TPM is in failure mode: %s\n", reason);
	last = reason;
}

static void do_command(void)
{
	struct vtpm_request request;
	uint8_t *page = page_of_request();

	if (page == NULL || message.size != sizeof(request)) {
		reply_vtpm(ERR_INVALID, 0);
		return;
	}
	memcpy(&request, message.data, sizeof(request));
	if (request.size > PAGE_SIZE) {
		reply_vtpm(ERR_INVALID, 0);
		return;
	}
	reply_vtpm(0, tpm_command(request.locality, page, request.size, page));
}

static void do_manifest(void)
{
	uint8_t *page = page_of_request();
	uint32_t size = 0;
	int error = page == NULL ? ERR_INVALID : tpm_manifest(page, PAGE_SIZE, &size);

	reply_vtpm(error, size);
}

static void do_reset(void)
{
	const struct reset_reply reply = { .error = 0 };

	tpm_reset();
	memcpy(message.data, &reply, sizeof(reply));
	message.size = sizeof(reply);
}

static void handle_message(void)
{
	uint32_t op = 0;

	if (message.size >= sizeof(op))
		memcpy(&op, message.data, sizeof(op));
	switch (op) {
	case SERVICE_OP_VTPM_COMMAND: do_command(); break;
	case SERVICE_OP_VTPM_MANIFEST: do_manifest(); break;
	case SERVICE_OP_RESET: do_reset(); break;
	default: reply_vtpm(ERR_UNSUPPORTED, 0); break;
	}
	note_failure();
}

int main(void)
{
	int channel = rt_handle(CHANNEL);
	const char *mode = getenv(MODE);

	if (channel < 0) {
		printf("no handle %s: nothing to serve\n", CHANNEL);
		return 1;
	}
	memory_store_init(&store);
	tpm_start(&store.store, mode != NULL && strcmp(mode, MODE_FAILED) == 0);
	note_failure();
	for (;;) {
		int64_t error = rt_call(SYS_RECEIVE, (uint64_t)channel, rt_address(&message), 0);

		if (error != 0) {
			printf("no more requests (error %lld)\n", (long long)error);
			return 1;
		}
		handle_message();
		(void)rt_call(SYS_REPLY, (uint64_t)channel, rt_address(&message), 0);
	}
}
