/* SPDX-License-Identifier: MIT */
/* glibc.h - what the engine, compiled for a newer glibc, may miss in the machine's; and the repair of shim.c. */
#ifndef TESTS_MOCK_GLIBC_H
#define TESTS_MOCK_GLIBC_H

#include "lib/types.h"

unsigned long __isoc23_strtoul(const char *text, char **end, int base);

/* Times that the engine has used our MemoryPad2B(). */
extern uint32_t glibc_pads;

#endif
