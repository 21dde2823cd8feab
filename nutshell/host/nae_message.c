/* SPDX-License-Identifier: MIT */
/* Guest requests: the host carries pages between guest and security processor (56421, 4.1.7 and 4.1.8). */
#include "lib/string.h"
#include "nutshell/host/host.h"
#include "nutshell/psp.h"

static uint8_t request[PAGE_SIZE], response[PAGE_SIZE];

/* True when count whole pages from address on are the host's. */
static bool are_shared(uint64_t address, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		if (host_shared_page(address + i * PAGE_SIZE) == NULL)
			return false;
	}
	return true;
}

/*
 * Hands out the certificates. Without pages none are wanted; too few pages, and the guest learns how many it takes: the
 * message is not carried then. False: the event is answered.
 */
static bool give_certificates(struct event *event)
{
	uint64_t size, pages, at = event->rax;
	const uint8_t *table = host_certificates(&size);

	pages = align_up(size, PAGE_SIZE) / PAGE_SIZE;
	if (!event_has(event, GHCB_VALID_BIT(rax)) || !event_has(event, GHCB_VALID_BIT(rbx))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return false;
	}
	if (event->rbx == 0)
		return true;
	if (event->rbx < pages) {
		event_set(event, &event->ghcb->rbx, pages);
		event->result = GUEST_REQUEST_VMM_INVALID_LEN << GUEST_REQUEST_VMM_SHIFT;
		return false;
	}
	if (!is_aligned(at, PAGE_SIZE) || !are_shared(at, pages)) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return false;
	}
	for (uint64_t done = 0; done < size; done += PAGE_SIZE)
		memcpy(host_shared_page(at + done), table + done, size - done < PAGE_SIZE ? size - done : PAGE_SIZE);
	return true;
}

/* The host carries a message only after it was sent that often: guests must cope. */
static bool is_busy(struct event *event)
{
	static uint32_t refused;

	if (refused >= options.busy) {
		refused = 0;
		return false;
	}
	refused++;
	event->result = GUEST_REQUEST_VMM_BUSY << GUEST_REQUEST_VMM_SHIFT;
	return true;
}

void nae_guest_request(struct event *event, bool extended)
{
	uint8_t *from = host_shared_page(event->info_1), *to = host_shared_page(event->info_2);

	if (!is_aligned(event->info_1 | event->info_2, PAGE_SIZE) || from == NULL || to == NULL || from == to) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	if (is_busy(event))
		return;
	memcpy(request, from, PAGE_SIZE);
	if (extended && !give_certificates(event))
		return;
	event->result = psp_guest_message(request, response);
	if (event->result == 0)
		memcpy(to, response, PAGE_SIZE);
}
