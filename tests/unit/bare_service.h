/* SPDX-License-Identifier: MIT */
/*
 * A bare service in a test: its system calls go to bare_call() of the test, which is to be defined behind this header,
 * and so are those of what it includes of services/.
 */
#ifndef TESTS_UNIT_BARE_SERVICE_H
#define TESTS_UNIT_BARE_SERVICE_H

#define service_call service_call_by_trap
#include "services/bare/bare.h"
#undef service_call
#define service_call bare_call

static int64_t bare_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);

#include "services/bare/bare.c"

/* The environment of the service: strings, ended by NULL. Until the next call. */
static inline void bare_environment(const char *const *strings)
{
	static uint64_t pointers[8];
	uint32_t count = 0;

	while (strings[count] != NULL && count + 1 < sizeof(pointers) / sizeof(pointers[0])) {
		pointers[count] = service_address(strings[count]);
		count++;
	}
	pointers[count] = 0;
	own_environment = pointers;
}

#endif
