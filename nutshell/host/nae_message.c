/* SPDX-License-Identifier: MIT */
/* Guest requests: the host carries pages between guest and security processor (56421, 4.1.7 and 4.1.8). */
#include "lib/string.h"
#include "nutshell/host/host.h"
#include "nutshell/psp.h"

#define CERTIFICATE_TABLE_EMPTY 24u

static uint8_t request[PAGE_SIZE], response[PAGE_SIZE];

void nae_guest_request(struct event *event, bool extended)
{
	uint8_t *from = host_shared_page(event->info_1), *to = host_shared_page(event->info_2);

	if (!is_aligned(event->info_1 | event->info_2, PAGE_SIZE) || from == NULL || to == NULL || from == to) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	if (extended) {
		uint8_t *certificates = host_shared_page(event->rax);

		if (!event_has(event, GHCB_VALID_BIT(rax)) || !event_has(event, GHCB_VALID_BIT(rbx))) {
			event_malformed(event, GHCB_REASON_MISSING_INPUT);
			return;
		}
		/* An empty table, as a host answers that was given no certificates; it needs no room. */
		if (event->rbx != 0 && (certificates == NULL || !is_aligned(event->rax, PAGE_SIZE))) {
			event_malformed(event, GHCB_REASON_INVALID_INPUT);
			return;
		}
		if (event->rbx != 0)
			memset(certificates, 0, CERTIFICATE_TABLE_EMPTY);
	}
	memcpy(request, from, PAGE_SIZE);
	event->result = psp_guest_message(request, response);
	if (event->result == 0)
		memcpy(to, response, PAGE_SIZE);
}
