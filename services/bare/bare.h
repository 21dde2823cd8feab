/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what a service without a C library has: its system calls (abi/service.h), its environment, its log.
 */
#ifndef SERVICES_BARE_BARE_H
#define SERVICES_BARE_BARE_H

#include "abi/service.h"
#include "lib/types.h"

static inline int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	int64_t result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "memory");
	return result;
}

static inline uint64_t service_address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* The service itself; when it returns the process ends with code 0. */
void service_main(void);

/* Called by start.S with the initial stack. */
void service_start(const uint64_t *stack);

/* Value of an environment variable; NULL: not set. */
const char *service_environment(const char *name);

/* Number of the handle with this name; ERR_NOT_FOUND. */
int service_handle(const char *name);

/* A line of the log, cut at SERVICE_LOG_MAX; nothing when there is no handle for it. */
void service_log(const char *format, ...) __printf_like(1, 2);

void service_exit(int64_t code) __noreturn;

#endif
