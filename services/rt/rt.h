/* SPDX-License-Identifier: MIT */
/*
 * rt.h - services with a C library: what lies between musl and the monitor.
 *
 * A service with main() is an ordinary static program of musl's. It starts in start.S, which tells the monitor where the
 * SYSCALL instructions of the C library continue: in rt_upcall, in ring 3, from where rt_linux_call() does what the few
 * Linux system calls that a C library cannot do without need (memory, time, random bytes, lines of the log, the end).
 * All others fail with ENOSYS; the first of each is logged. There are no files, no signals, no processes.
 *
 * The handles are those of abi/service.h. "log" serves standard output and error, line by line; "random" serves
 * getrandom(), which fails without it. Memory is the process's own, up to the limit in the manifest.
 *
 * Clocks: CLOCK_REALTIME and CLOCK_MONOTONIC both count from the monitor's start; nothing here knows the date.
 */
#ifndef SERVICES_RT_RT_H
#define SERVICES_RT_RT_H

#include "abi/service.h"
#include "lib/types.h"

/* A system call of the monitor. */
int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);

static inline uint64_t rt_address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* Number of a handle in a text like "log=0 random=1"; ERR_NOT_FOUND, also when text is NULL or the number none. */
int rt_find_handle(const char *text, const char *name);

/* ... in the environment variable HANDLES. */
int rt_handle(const char *name);

/* ---- for start.S and musl ---- */

#define RT_LINUX_ARGUMENTS 6u

/* A system call of Linux: its result, or a negative errno of Linux. Uses no vector registers and no C library. */
int64_t rt_linux_call(uint64_t number, const uint64_t argument[RT_LINUX_ARGUMENTS]);

/* The handles that rt_linux_call() uses; negative: there is none. */
void rt_linux_init(int log_handle, int random_handle);

/* First C code; stack is what the monitor built. Does not return. */
void rt_start(uint64_t *stack) __noreturn;

#endif
