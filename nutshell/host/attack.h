/* SPDX-License-Identifier: MIT */
/*
 * attack.h - hostile mode: a script of what the host does wrong, and on which step.
 *
 * QEMU hands the script over as the fw_cfg file opt/nutshell/attack. A line is one rule, docs/hostile-host.md has the words:
 *
 *	on STEP [N|N-|N-M] do ACTION ARGUMENT...      after the host has answered
 *	before STEP [N|N-|N-M] do ACTION ARGUMENT...  before, or instead of answering
 *
 *	secret NAME ADDRESS[>OFFSET...] SIZE          so many bytes of the monitor's or a service's memory are a canary; of a
 *	                                              service's also through pointers: a list's member is at ADDRESS>OFFSET
 *
 * Empty lines, comments (#) and what is for the runner (expect ..., run ..., image ...) are passed over. Every other line that does
 * not parse ends the machine before it starts: an attack that does not happen must not look like one that was survived.
 *
 * The host stays one: to change private memory it has to go through the reverse map, which takes the page away; only the
 * pages of a launch that are not measured are its to write, before the start. What it cannot do is logged and not done.
 *
 * Canaries: the message keys of VMPL0 and VMPL1, a pattern that test images plant (abi/nutshell.h), and the secrets that the
 * script names, as they are at each exit of VMPL0 (attack_secrets.c). Whatever VMPL0 hands to the host is searched at each of
 * its exits, all that host and guest can read at the end (attack_search.c).
 */
#ifndef NUTSHELL_HOST_ATTACK_H
#define NUTSHELL_HOST_ATTACK_H

#include "nutshell/machine.h"

#define ATTACK_RULES_MAX 32u
#define ATTACK_SIZE_MAX 16384u
#define ATTACK_SLOTS 4u
#define ATTACK_SECRETS_MAX 12u
#define ATTACK_POINTERS_MAX 4u
#define ATTACK_SECRET_SIZE_MAX 2048u
#define ATTACK_NAME_MAX 24u

enum attack_step {
	STEP_NONE,
	STEP_LAUNCH,   /* all pages of the image are there, nothing runs yet */
	STEP_MARK,     /* the guest wrote N to the test device */
	STEP_FAULT,    /* nested page fault */
	STEP_TIMER,    /* VMPL0's timer has run out while it was in ring 3; before that goes on */
	STEP_EXIT,     /* any VMGEXIT */
	STEP_SEV_INFO, /* from here on: requests of the MSR protocol */
	STEP_REGISTER,
	STEP_PSC_MSR,
	STEP_RUN,
	STEP_FEATURES,
	STEP_IO, /* from here on: events */
	STEP_MSR,
	STEP_PSC,
	STEP_MESSAGE,
	STEP_CREATE,
	STEP_COUNT
};

enum attack_action {
	ACTION_ANSWER,    /* VALUE: this is the answer by MSR */
	ACTION_FLIP,      /* MASK: these bits of it are inverted */
	ACTION_GHCB,      /* FIELD VALUE: this is in the GHCB */
	ACTION_RANDOM,    /* SEED: answer or GHCB are noise */
	ACTION_SKIP,      /* nothing is done, success is answered */
	ACTION_ENTER,     /* VMPL: this level is run instead */
	ACTION_RUN_AREA,  /* VMPL ADDRESS: this level is run instead, from that save area */
	ACTION_SHARE,     /* ADDRESS: the page is the host's */
	ACTION_PRIVATE,   /* ADDRESS: another physical page is mapped there, private, not validated */
	ACTION_LARGE,     /* ADDRESS: the block becomes one large entry */
	ACTION_SMASH,     /* ADDRESS: the block becomes small entries */
	ACTION_VALIDATED, /* ADDRESS: the launch had one page more */
	ACTION_WRITE,     /* ADDRESS VALUE: 8 bytes */
	ACTION_NOISE,     /* ADDRESS SEED: the page is noise */
	ACTION_SAVE,      /* SLOT ADDRESS: keeps a copy of the page (if it is private, of its ciphertext) */
	ACTION_PUT,       /* SLOT ADDRESS: puts the copy there, by RMPUPDATE if the page is private */
	ACTION_CHECKSUM,  /* ADDRESS SIZE: the table there gets the checksum of ACPI, whatever is in it */
	ACTION_TURN,      /* ADDRESS MASK: 8 bytes of the host's page; when VMPL0 reads one of them again, these bits are inverted */
	ACTION_INTERRUPT, /* VECTOR: for VMPL0 */
	ACTION_EXCEPTION, /* VECTOR: injected into the level that runs next, with the error code 0 if it has one */
	ACTION_MISSHAPEN, /* VECTOR: the same, but without an error code if it has one, and with one if it has not */
	ACTION_LEAK,      /* WHAT ADDRESS: control of the search: 0 key of VMPL0, 1 of VMPL1, 2 canary, as if they had leaked */
	ACTION_COUNT
};

enum attack_base {
	BASE_NUMBER,
	BASE_MONITOR,
	BASE_CPUID,
	BASE_SECRETS,
	BASE_PARAMETERS,
	BASE_MEMORY_MAP,
	BASE_MADT,
	BASE_TARGET,       /* what the guest asked the test device about last */
	BASE_GHCB,         /* of who asks */
	BASE_PAGE,         /* the page, or the first of the list, of a page state change */
	BASE_REQUEST,      /* of a guest message */
	BASE_RESPONSE,
	BASE_CERTIFICATES,
	BASE_AREA,         /* save area of this vCPU's guest */
	BASE_OTHER_AREA,   /* of the next vCPU's */
	BASE_SERVICE,      /* of secrets alone: an address of ring 3, in every service that has something there */
	BASE_COUNT
};

struct attack_address {
	uint8_t base; /* enum attack_base */
	uint64_t offset;
};

struct attack_rule {
	uint8_t step, action; /* enum attack_step, enum attack_action */
	bool guest;           /* of a level below VMPL0 */
	bool before;
	uint32_t first, last; /* which of the steps, from 1; for marks the mark */
	uint64_t number[2];
	struct attack_address address;
	uint32_t line;
	uint32_t seen, done;
};

/* A secret to which pointers lead: at the address there is one, so far behind where it points the next, or the secret. */
struct attack_secret {
	char name[ATTACK_NAME_MAX];
	struct attack_address address;
	uint64_t behind[ATTACK_POINTERS_MAX];
	uint32_t pointers;
	uint32_t size;
};

struct attack_script {
	uint32_t count, secret_count;
	struct attack_rule rule[ATTACK_RULES_MAX];
	struct attack_secret secret[ATTACK_SECRETS_MAX];
};

/* Reads a script (attack_parse.c). 0, or the number of the first line that is wrong, with the reason. */
uint32_t attack_parse(struct attack_script *script, const char *text, uint64_t size, const char **why);

/* ---- the engine (attack.c); nothing happens without a script ---- */

extern bool attack_enabled;
/* Takes over a script; ends the machine when it is wrong. */
void attack_init(const char *text, uint64_t size);
void attack_at_launch(void);
void attack_at_mark(struct vcpu *vcpu, uint32_t number, uint64_t target);
/* A VMGEXIT with this value of the GHCB MSR. True: it is answered, the host does nothing. */
bool attack_before_exit(struct vcpu *vcpu, uint64_t request);
void attack_after_exit(struct vcpu *vcpu);
void attack_at_timer(struct vcpu *vcpu);
/* True: another level runs now, the fault is not repaired. */
bool attack_before_fault(struct vcpu *vcpu);

/* A base that is the same at each step; 0 for others. */
uint64_t attack_base(uint8_t base);
/* Bytes behind an address, whoever they belong to; NULL: no RAM. */
uint8_t *attack_bytes(uint64_t gpa);

/* ---- canaries (attack_secrets.c) ---- */

/* A fixed canary's bytes; size 0: there is no such canary. */
#define ATTACK_CANARIES 3u
#define ATTACK_CANARY_MAX 64u
uint32_t attack_canary(uint32_t which, uint8_t out[ATTACK_CANARY_MAX]);
/* Once the launch has its keys. The script's secrets stay the caller's. */
void attack_secrets_init(const struct attack_script *script);
/* Secrets change: what they are now counts from now on, what they were goes on counting. */
void attack_secrets_read(void);
/* What a word is part of: a number below attack_secrets_count(), or ATTACK_NOTHING. */
#define ATTACK_NOTHING (~0u)
uint32_t attack_secret_of(uint64_t word);
uint32_t attack_secrets_count(void);
const char *attack_secret_name(uint32_t which);
/* How many words of it are known. */
uint32_t attack_secret_words(uint32_t which);
/* False: no word that is known begins with these two bytes. */
extern uint8_t attack_secret_starts[65536 / 8];
static inline bool attack_may_start(uint16_t first)
{
	return ((uint32_t)attack_secret_starts[first / 8u] >> (first % 8u) & 1u) != 0;
}

/* ---- the search (attack_search.c) ---- */

void attack_search_init(void);
/* Looks at what VMPL0 hands over: a page that the host can read, and a word. */
void attack_watch_page(uint64_t gpa);
void attack_watch_word(uint64_t value);
/* What became of each rule, and where canaries are: one line in the log each. At the end of the machine. */
void attack_report(void);
void attack_search_report(void);

#endif
