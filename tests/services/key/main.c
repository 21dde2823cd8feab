/* SPDX-License-Identifier: MIT */
/* Stands where a vTPM stands, and knows one thing: its manifest. It takes several time slices for that. */
#include "tests/services/key/key.h"

#include "lib/string.h"
#include "services/bare/bare.h"

#define THINK_NS 10000000ull

static struct service_message message;

static void think(void)
{
	uint64_t start = (uint64_t)service_call(SYS_CLOCK, 0, 0, 0);

	while ((uint64_t)service_call(SYS_CLOCK, 0, 0, 0) - start < THINK_NS)
		;
}

/* A bad message gets an error; its page goes back as it came. */
static void answer(void)
{
	struct vtpm_reply reply = { .error = ERR_UNSUPPORTED };
	struct vtpm_request request;

	memcpy(&request, message.data, sizeof(request));
	if (request.op == SERVICE_OP_VTPM_MANIFEST && message.pages == 1) {
		think();
		memcpy((void *)(uintptr_t)message.address, test_endorsement_key, sizeof(test_endorsement_key));
		reply = (struct vtpm_reply){ .error = 0, .size = sizeof(test_endorsement_key) };
	}
	message.size = sizeof(reply);
	memset(message.data, 0, sizeof(message.data));
	memcpy(message.data, &reply, sizeof(reply));
}

void service_main(void)
{
	uint64_t channel = (uint64_t)service_handle("vtpm");

	for (;;) {
		if (service_call(SYS_RECEIVE, channel, service_address(&message), 0) != 0)
			service_exit(1);
		answer();
		(void)service_call(SYS_REPLY, channel, service_address(&message), 0);
	}
}
