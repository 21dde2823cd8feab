/* SPDX-License-Identifier: MIT */
/*
 * latency.h - tpm-latency: what a TPM command costs below the monitor, beside the same engine in an ordinary process.
 *
 * A static program for a Linux guest. It sends the same commands by turns to /dev/tpm0, behind which is the vTPM service
 * at VMPL0, and to a child that runs the objects that this service is made of and answers through a socket. Both are in
 * one guest on one processor, at the same minute: what differs is the way there. Where the machine is Nutshell, its
 * counters tell how often a command changed the level.
 *
 *	commands.c  builds commands
 *	target.c    the two TPMs: sends a command, gets the response and the time
 *	main.c      the list, the rounds, the numbers
 */
#ifndef TESTS_LATENCY_LATENCY_H
#define TESTS_LATENCY_LATENCY_H

#include "lib/types.h"

#define MESSAGE_MAX 4096u
#define NO_HANDLE 0u

/* ---- commands (commands.c) ---- */

struct command {
	uint32_t size;
	uint8_t bytes[MESSAGE_MAX];
};

/* Handles of the objects that commands use; every TPM has its own. */
struct objects {
	uint32_t parent;   /* ECC storage key */
	uint32_t ecc_key;  /* ECDSA P-256 */
	uint32_t rsa_key;  /* RSASSA 2048, the same in both */
};

void command_startup(struct command *command, const struct objects *objects);
void command_self_test(struct command *command, const struct objects *objects);
void command_get_random(struct command *command, const struct objects *objects);
void command_pcr_read(struct command *command, const struct objects *objects);
void command_pcr_extend(struct command *command, const struct objects *objects);
void command_hash(struct command *command, const struct objects *objects); /* 1 KiB */
void command_nv_define(struct command *command, const struct objects *objects);
void command_nv_undefine(struct command *command, const struct objects *objects);
void command_nv_write(struct command *command, const struct objects *objects); /* 1 KiB */
void command_nv_read(struct command *command, const struct objects *objects);
void command_create_parent(struct command *command, const struct objects *objects);
void command_create_ecc_key(struct command *command, const struct objects *objects);
void command_load_rsa_key(struct command *command, const struct objects *objects);
void command_make_rsa_key(struct command *command, const struct objects *objects); /* a new one, below the parent */
void command_make_ecc_key(struct command *command, const struct objects *objects);
void command_sign_ecc(struct command *command, const struct objects *objects);
void command_sign_rsa(struct command *command, const struct objects *objects);
void command_quote(struct command *command, const struct objects *objects);
void command_flush(struct command *command, uint32_t handle);

/* ---- the TPMs (target.c) ---- */

struct target {
	const char *name;
	int file; /* a command is written to it, and the response read */
	struct objects objects;
};

/* What one command took. The counters are zero where the machine is not Nutshell. */
struct cost {
	uint64_t ticks; /* of the time stamp counter */
	uint32_t switches, exits_vmpl0;
};

/* False, with the reason on standard error. */
bool target_open_device(struct target *target);
bool target_open_process(struct target *target);
/* Nutshell's counters may be read from now on; false: this is not Nutshell, or not root. */
bool target_count(void);
/*
 * Sends the command; false, with the reason on standard error, when there is no response or it is not a success.
 * *handle, if wanted, becomes the handle that the response begins with.
 */
bool target_send(struct target *target, const struct command *command, struct cost *cost, uint32_t *handle);

#endif
