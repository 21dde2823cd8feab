/* SPDX-License-Identifier: MIT */
/* The guest's commands for the TPM: what goes to the service and what comes back, with a service that keeps to nothing. */
#include "proofs/prover.h"

#include "kernel/protocol/vtpm.c"

#define BUFFER 0x7654321000ull

static uint8_t page[PAGE_SIZE];
static uint8_t data[SERVICE_MESSAGE_MAX];
static uint64_t written, command_size;
static uint32_t reads;

static bool owned;

bool guest_owns_range(gpa_t address, uint64_t size)
{
	PROVE(address.v == BUFFER && size == PAGE_SIZE, "all of the buffer");
	owned = any_bool();
	return owned;
}

int guest_read_range(gpa_t address, void *out, uint64_t size)
{
	PROVE((uint8_t *)out == page && size <= PAGE_SIZE, "into the page, not beyond it");
	reads++;
	if (reads == 1) {
		PROVE(address.v == BUFFER && size == HEADER_SIZE, "the header first");
		struct svsm_vtpm_request *header = (struct svsm_vtpm_request *)(void *)page;

		header->platform_command = any_u32();
		header->locality = any_u8();
		header->size = any_u32();
	} else {
		PROVE(address.v == BUFFER + HEADER_SIZE, "then the command");
		command_size = size;
	}
	return any_bool() ? 0 : ERR_ADDRESS;
}

int guest_write_range(gpa_t address, const void *from, uint64_t size)
{
	PROVE(address.v == BUFFER + written && written + size <= PAGE_SIZE, "the answer stays in the guest's buffer");
	PROVE(size == 0 || __CPROVER_r_ok(from, size), "only what is there is written");
	written += size;
	return any_bool() ? 0 : ERR_FAULT;
}

bool door_is_open(uint32_t protocol) { return any_bool(); }
int door_exchange(const struct door_exchange *exchange) { return any_int(); }
static struct percpu cpu;
struct percpu *percpu_self(void) { return &cpu; }
uint64_t protocol_result(int error) { return error == 0 ? SVSM_SUCCESS : SVSM_ERR_INVALID_REQUEST; }

void prove_fill(void)
{
	uint64_t buffer = BUFFER;
	uint32_t size = 0;
	int error = fill(&buffer, data, &size, page);

	PROVE(reads <= 2, "header and command are read once");
	if (error != 0) {
		CANARY("refused");
		return;
	}
	struct vtpm_request request;

	memcpy(&request, data, sizeof(request));
	PROVE(owned, "the answer has room");
	PROVE(request.op == SERVICE_OP_VTPM_COMMAND && request.locality == 0, "a command at locality 0");
	PROVE(request.size == command_size && request.size <= 4087 && size == sizeof(request), "the size is what was read");
	CANARY("sent");
}

void prove_fetch(void)
{
	uint64_t buffer = BUFFER;
	uint32_t size = any_u32();

	__CPROVER_havoc_object(data);
	ASSUME(size <= SERVICE_MESSAGE_MAX);
	if (fetch(&buffer, data, size, any_bool() ? page : NULL) == 0) {
		PROVE(written >= 4 && written <= PAGE_SIZE, "size and answer");
		CANARY("answered");
	}
}

void prove_calls(void)
{
	struct vcpu_call call;
	uint32_t number = any_u32();
	struct vcpu_call before = call;
	uint64_t code = protocol_vtpm(number, &call);

	PROVE(IMPLIES(code != SVSM_SUCCESS || number == SVSM_VTPM_CMD, call.rcx == before.rcx && call.rdx == before.rdx), "registers are results of the query only");
	PROVE(IMPLIES(number > 1, code != SVSM_SUCCESS), "what is not offered is refused");
	if (code == SVSM_SUCCESS && number == SVSM_VTPM_CMD)
		CANARY("a command");
}
