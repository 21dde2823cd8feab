/* SPDX-License-Identifier: MIT */
/*
 * pages.h - giving pages to the guest and taking them back: the one place where validation, content and permissions
 * of guest pages change.
 *
 * Order (58019, section 7.2; a different order would leak or would let the host swap pages):
 *   give: claim, validate, zero, grant, settle VALIDATED.
 *   take: claim, revoke, rescind, settle UNVALIDATED, flush before the guest runs on.
 * A step that fails undoes the steps before it. Where even that fails the page becomes LOST: the guest gets an error,
 * and nobody uses the page again.
 */
#ifndef KERNEL_GUEST_PAGES_H
#define KERNEL_GUEST_PAGES_H

#include "lib/page_state.h"
#include "lib/types.h"

/* Level of the guest; set once from the launch block. */
extern uint32_t guest_plane;

/*
 * Gives an UNVALIDATED page (or 2 MiB block) to the guest, zeroed.
 * ERR_UNCHANGED: it is validated already; ERR_SIZE: the pages of the block differ, or the hardware holds another size;
 * ERR_ADDRESS: not the guest's RAM, or in use as VMSA or calling area, or another vCPU is at it; ERR_FAULT: the host
 * does not provide it; ERR_INVALID, ERR_PERMISSION: the hardware refused. Nothing has changed in all of these.
 */
int guest_page_give(gpa_t address, bool size_2m) __must_check;

/* Zeroes and grants a page again that is VALIDATED already; never validates. Same errors. */
int guest_page_give_again(gpa_t address, bool size_2m) __must_check;

/* Takes a VALIDATED page back. ERR_UNCHANGED: it is not validated; the rest as above. */
int guest_page_take(gpa_t address, bool size_2m) __must_check;

/*
 * Takes everything back that is VALIDATED, while no vCPU runs. A page whose permissions are gone, but that cannot be given back,
 * is LOST; *lost is their number. ERR_PERMISSION: a page may still be the guest's; the rest was not looked at.
 */
int guest_pages_take_all(uint64_t *lost) __must_check;

/*
 * Grants a page that was launched with the image (validated, content kept), 4 KiB; a fixed one (FIXED from then on) only for
 * reading. For the time before the guest runs.
 */
int guest_page_grant_launched(gpa_t address, bool fixed) __must_check;

/*
 * Translations. Every loss of a permission is followed by guest_flush_request(), and by guest_flush() before anything
 * relies on the guest having lost it: before a save area is read, and before the guest runs on after the call. Between the
 * two another vCPU can still reach the page; it is BUSY, or the host's again, and holds nothing of the monitor's.
 * With one vCPU there is no other: guest_flush() does nothing, and the vCPU drops its own at its next entry when
 * guest_flush_generation(), the number of requests, is not what its last entry saw.
 */
void guest_flush_request(void);
void guest_flush(void);
uint64_t guest_flush_generation(void);

#endif
