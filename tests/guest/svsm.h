/* SPDX-License-Identifier: MIT */
/*
 * svsm.h - calls of the monitor.
 *
 * Every call made here checks what holds for all calls: call_pending was cleared in the calling area that was current
 * at the call, the host answered, the upper half of RAX is zero, no register but RAX, RCX, RDX and R8 changed, and
 * those three did not when the call failed (but for an attestation that answers with sizes). A violation fails the running test. Calls alternate between the two ways
 * to ask the host, the MSR protocol and the GHCB page, unless one is chosen.
 */
#ifndef GUEST_SVSM_H
#define GUEST_SVSM_H

#include "abi/svsm.h"
#include "lib/types.h"
#include "tests/guest/access.h"

enum svsm_way { SVSM_WAY_MSR, SVSM_WAY_GHCB, SVSM_WAY_BOTH };
extern enum svsm_way svsm_way;

struct svsm_args {
	uint64_t rcx, rdx, r8, r9;
};

/* Address of the calling area in use: set from the secrets page; whoever moves it sets this. */
extern uint64_t svsm_caa;

static inline struct svsm_caa *svsm_calling_area(void)
{
	return (struct svsm_caa *)(uintptr_t)svsm_caa;
}

/* RAX of the call; arguments in, results out. */
uint64_t svsm_call(uint32_t protocol, uint32_t number, struct svsm_args *args);
/* Core protocol, results other than RAX dropped. */
uint64_t svsm_core(uint32_t number, uint64_t rcx, uint64_t rdx, uint64_t r8);
/* Enters the monitor with these registers and this value of call_pending, checking nothing; call_pending after. */
uint8_t svsm_enter(struct registers *registers, uint8_t call_pending);

/* Before there is a GHCB: rescinds one page by MSR protocol. */
void svsm_early_rescind(uint64_t gpa, struct registers *call);

/* ---- PVALIDATE ---- */

#define ENTRY_4K 0ull
#define ENTRY_2M SVSM_PVALIDATE_SIZE_2M
#define ENTRY_VALIDATE SVSM_PVALIDATE_VALIDATE
#define ENTRY_RESCIND 0ull
#define ENTRY_IGNORE SVSM_PVALIDATE_IGNORE_CF

/* The usual place of a list: behind the header of the calling area. */
uint64_t svsm_list_place(void);
/*
 * Writes a list of count entries (and as many as fit in the page of them) at the address list and runs it from index
 * *next; *next is what the monitor left. The page of the list may be gone afterwards: *next is then unchanged.
 */
uint64_t svsm_list(uint64_t list, const uint64_t *entries, uint16_t count, uint16_t *next);
/* One entry from the calling area; checks that next moved exactly when it succeeded. */
uint64_t svsm_entry(uint64_t entry);
/* Runs entries [0, count), again after INCOMPLETE; *calls counts. */
uint64_t svsm_list_all(const uint64_t *entries, uint16_t count, uint32_t *calls);

#endif
