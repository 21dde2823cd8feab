/* SPDX-License-Identifier: MIT */
/* The vTPM protocol: commands go to the service behind the door, in a page of the monitor's; see proc/door.h. */
#include "abi/service.h"
#include "abi/svsm.h"
#include "kernel/mm/memory.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

#define HEADER_SIZE offsetof(struct svsm_vtpm_request, command)
#define RESPONSE_MAX sizeof(((struct svsm_vtpm_response *)0)->response)

/* Header and command are read once each: what the guest changes meanwhile is its own loss. */
static int fill(void *context, uint8_t *data, uint32_t *size, uint8_t *page)
{
	uint64_t buffer = *(const uint64_t *)context;
	struct svsm_vtpm_request *header = (struct svsm_vtpm_request *)(void *)page;
	struct vtpm_request request = { .op = SERVICE_OP_VTPM_COMMAND };
	int error;

	/* All of it, before anything is executed: the answer must find room. */
	if (!guest_owns_range(gpa(buffer), PAGE_SIZE))
		return ERR_ADDRESS;
	error = guest_read_range(gpa(buffer), page, HEADER_SIZE);
	if (error != 0)
		return error;
	request.locality = header->locality;
	request.size = header->size;
	/* Version 1 of the protocol knows locality 0 alone. */
	if (header->platform_command != SVSM_VTPM_SEND_COMMAND)
		return header->platform_command < 32 ? ERR_UNSUPPORTED : ERR_INVALID;
	if (request.locality != 0 || request.size > sizeof(header->command))
		return ERR_INVALID;
	memset(page, 0, HEADER_SIZE);
	error = guest_read_range(gpa(buffer + HEADER_SIZE), page, request.size);
	if (error != 0)
		return error;
	memcpy(data, &request, sizeof(request));
	*size = sizeof(request);
	return 0;
}

/* The service is not trusted to keep to the sizes. */
static int fetch(void *context, const uint8_t *data, uint32_t size, const uint8_t *page)
{
	uint64_t buffer = *(const uint64_t *)context;
	struct vtpm_reply reply;
	int error;

	if (size != sizeof(reply) || page == NULL)
		return ERR_STATE;
	memcpy(&reply, data, sizeof(reply));
	if (reply.error != 0 || reply.size > RESPONSE_MAX)
		return ERR_STATE;
	error = guest_write_range(gpa(buffer), &reply.size, sizeof(reply.size));
	return error != 0 ? error : guest_write_range(gpa(buffer + sizeof(reply.size)), page, reply.size);
}

/* A bad buffer is a bad parameter here, as in the other SVSMs. */
static uint64_t result(int error)
{
	switch (error) {
	case ERR_ADDRESS:
	case ERR_FAULT:
		return SVSM_ERR_INVALID_PARAMETER;
	case ERR_NO_MEMORY:
		return SVSM_ERR_BUSY;
	default:
		return protocol_result(error);
	}
}

static uint64_t send_command(const struct vcpu_call *call)
{
	uint64_t buffer = call->rcx;
	const struct door_exchange exchange = { .protocol = SVSM_PROTOCOL_VTPM,
						.vcpu = percpu_self()->index,
						.key = buffer,
						.fill = fill,
						.fetch = fetch,
						.context = &buffer };

	return buffer == 0 ? SVSM_ERR_INVALID_PARAMETER : result(door_exchange(&exchange));
}

uint64_t protocol_vtpm(uint32_t number, struct vcpu_call *call)
{
	if (!door_is_open(SVSM_PROTOCOL_VTPM))
		return SVSM_ERR_UNSUPPORTED_PROTOCOL;
	switch (number) {
	case SVSM_VTPM_QUERY:
		call->rcx = 1u << SVSM_VTPM_SEND_COMMAND;
		call->rdx = 0;
		return SVSM_SUCCESS;
	case SVSM_VTPM_CMD:
		return send_command(call);
	default:
		return SVSM_ERR_UNSUPPORTED_CALL;
	}
}
