/* SPDX-License-Identifier: MIT */
/*
 * Calls of a test payload for a test service: RCX and R8 go as data, and the page at RDX (0: none) with them; RCX is the
 * first 8 bytes of the reply, RDX its size with the number of pages in the high half, and the page is written back.
 */
#include "abi/nutshell.h"
#include "abi/service.h"
#include "abi/svsm.h"
#include "kernel/mm/memory.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

bool protocol_test_enabled;

static int fill(void *context, uint8_t *data, uint32_t *size, uint8_t *page)
{
	const struct vcpu_call *call = context;
	const uint64_t words[2] = { call->rcx, call->r8 };

	memcpy(data, words, sizeof(words));
	*size = sizeof(words);
	return call->rdx == 0 ? 0 : guest_read(gpa(call->rdx), page, PAGE_SIZE);
}

static int fetch(void *context, const uint8_t *data, uint32_t size, const uint8_t *page)
{
	struct vcpu_call *call = context;
	int error = 0;

	if (call->rdx != 0 && page != NULL)
		error = guest_write(gpa(call->rdx), page, PAGE_SIZE);
	if (error != 0)
		return error;
	call->rcx = 0;
	memcpy(&call->rcx, data, size < sizeof(call->rcx) ? size : sizeof(call->rcx));
	call->rdx = size | (page != NULL ? 1ull << 32 : 0);
	return 0;
}

static uint64_t monitor_counter(const struct vcpu *vcpu, struct vcpu_call *call)
{
	if (call->rcx == TEST_MONITOR_MEMORY)
		call->rcx = memory_used();
	else if (call->rcx == TEST_MONITOR_STAYS && call->rdx < STAY_BUCKETS)
		call->rcx = vcpu->stays.count[call->rdx];
	else
		return SVSM_ERR_INVALID_PARAMETER;
	return SVSM_SUCCESS;
}

#define PLANTED_FRAMES 32u /* and free again */
#define PLANTED_ON_STACK 1024u

static void plant(volatile uint64_t *words, uint64_t size)
{
	for (uint32_t i = 0; i < size / sizeof(*words); i++)
		words[i] = nutshell_canary_word(i % NUTSHELL_CANARY_WORDS);
}

__attribute__((noinline)) static void plant_on_stack(void)
{
	volatile uint64_t words[PLANTED_ON_STACK / sizeof(uint64_t)];

	plant(words, sizeof(words));
}

void protocol_test_plant(void)
{
	pa_t frame;

	plant_on_stack();
	if (memory_allocate(1, &frame) == 0)
		plant(paging_region_pointer(frame), PAGE_SIZE);
	if (memory_allocate(PLANTED_FRAMES, &frame) != 0)
		return;
	plant(paging_region_pointer(frame), PLANTED_FRAMES * PAGE_SIZE);
	memory_free(frame, PLANTED_FRAMES);
}

uint64_t protocol_test(const struct vcpu *vcpu, uint32_t protocol, struct vcpu_call *call)
{
	const struct door_exchange exchange = { .protocol = protocol,
						.vcpu = percpu_self()->index,
						.key = call->rcx ^ call->r8 << 32,
						.fill = fill,
						.fetch = fetch,
						.context = call };
	int error;

	if (protocol_test_enabled && protocol == PROTOCOL_TEST_MEMORY) {
		call->rcx = memory_used();
		return SVSM_SUCCESS;
	}
	if (protocol_test_enabled && protocol == PROTOCOL_TEST_MONITOR)
		return monitor_counter(vcpu, call);
	if (!protocol_test_enabled || !door_is_open(protocol))
		return SVSM_ERR_UNSUPPORTED_PROTOCOL;
	error = door_exchange(&exchange);
	return protocol_result(error);
}
