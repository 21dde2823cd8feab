/* SPDX-License-Identifier: MIT */
/* Private calls of test images: any other image refuses them all. */
#include "proofs/prover.h"

#include "kernel/protocol/test.c"

static struct vcpu vcpu;
static struct percpu cpu;
static struct vcpu_call call, before;
static uint8_t page[PAGE_SIZE];
static uint32_t exchanges, guest_accesses;
static int exchange_error;

struct percpu *percpu_self(void)
{
	return &cpu;
}

uint64_t memory_used(void)
{
	return 0x123000;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	PROVE(address.v == before.rdx && address.v != 0 && out == page && size == PAGE_SIZE, "the page that the call names");
	guest_accesses++;
	return any_bool() ? 0 : any_bool() ? ERR_ADDRESS : ERR_FAULT;
}

int guest_write(gpa_t address, const void *data, uint64_t size)
{
	PROVE(address.v == before.rdx && address.v != 0 && data == page && size == PAGE_SIZE, "the page that the call names");
	guest_accesses++;
	return any_bool() ? 0 : any_bool() ? ERR_ADDRESS : ERR_FAULT;
}

bool door_is_open(uint32_t protocol)
{
	return any_bool();
}

/* The door's own order is proved there: it fills at most once, and fetches at most once. */
int door_exchange(const struct door_exchange *exchange)
{
	uint8_t data[SERVICE_MESSAGE_MAX];
	uint32_t size = 0xFFFF;
	int error = 0;

	PROVE(protocol_test_enabled, "only in images for tests");
	PROVE(exchange->context == &call && exchange->vcpu == cpu.index, "of this vCPU");
	exchanges++;
	if (any_bool()) {
		error = exchange->fill(exchange->context, data, &size, page);
		if (error == 0)
			PROVE(size == 16 && data[0] == (before.rcx & 0xFF) && data[8] == (before.r8 & 0xFF), "two registers are the message");
		return error;
	}
	size = any_u8();
	ASSUME(size <= SERVICE_MESSAGE_MAX);
	return exchange->fetch(exchange->context, data, size, any_bool() ? page : NULL);
}

uint64_t protocol_result(int error)
{
	exchange_error = error;
	return error == 0 ? SVSM_SUCCESS : SVSM_ERR_INVALID_PARAMETER;
}

void prove_call(void)
{
	uint32_t protocol = any_u32();

	protocol_test_enabled = any_bool();
	cpu.index = any_u8();
	call = before = ANY(struct vcpu_call);
	uint64_t result = protocol_test(&vcpu, protocol, &call);

	if (!protocol_test_enabled) {
		PROVE(result == SVSM_ERR_UNSUPPORTED_PROTOCOL && exchanges == 0 && guest_accesses == 0, "an image for users has no such call");
		PROVE(call.rcx == before.rcx && call.rdx == before.rdx && call.r8 == before.r8 && call.rax == before.rax, "and nothing changes");
		CANARY("refused");
		return;
	}
	PROVE(guest_accesses <= 1 && exchanges <= 1 && call.r8 == before.r8, "one exchange, one page");
	PROVE(IMPLIES(result != SVSM_SUCCESS, call.rcx == before.rcx && call.rdx == before.rdx), "a refused call changes no register");
	if (exchanges == 1 && result == SVSM_SUCCESS)
		CANARY("exchanged");
	if (exchanges == 0 && result == SVSM_SUCCESS)
		CANARY("counted");
}
