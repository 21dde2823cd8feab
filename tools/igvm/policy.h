/* SPDX-License-Identifier: MIT */
/*
 * policy.h - the policy page as people write it: lines of "KEY = VALUE"; '#' starts a comment; a key that is not
 * there keeps its value.
 *
 *   guest-vmpl = 1 | 2 | 3          level of the guest (default 2)
 *   console = on | off              the monitor writes its log to the serial port (default off)
 *   serial-port = PORT              I/O port of that serial port (default 0x3f8)
 *   services = on | off             the image's services are started (default on)
 *   services-off = NAME...          but for these, at most 8 (default none)
 *   secure-boot = off | setup | deployed    what the service of UEFI variables enforces (default off)
 */
#ifndef IGVM_POLICY_H
#define IGVM_POLICY_H

#include "abi/policy.h"
#include "lib/types.h"

struct policy_error {
	const char *text; /* without a full stop */
	uint32_t line;	  /* from 1 on */
};

void policy_init(struct policy_page *policy);

/* Sets one key; NULL, or what is wrong with it. */
__must_check const char *policy_set(struct policy_page *policy, const char *key, const char *value);

/* Sets what the text names. ERR_FORMAT with the first thing that is wrong; *policy is then as before. */
__must_check int policy_parse(struct policy_page *policy, const char *text, size_t size, struct policy_error *error);

/* Writes the whole policy in the form that policy_parse() reads. size: room in text; returns false when it is too small. */
__must_check bool policy_format(const struct policy_page *policy, char *text, size_t size);

/* "KEY=VALUE" of a command line; reports "COMMAND: ..." when that fails. */
__must_check int policy_set_argument(struct policy_page *policy, const char *command, const char *argument);

/* From a file; reports "policy FILE, line N: ..." when that fails. */
__must_check int policy_read_file(struct policy_page *policy, const char *path);

#endif
