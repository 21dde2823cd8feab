/* SPDX-License-Identifier: MIT */
/*
 * log.h - the monitor's messages: a bounded ring, and the console when the measured policy allows it.
 *
 * Lock: log_lock, the innermost of all. Memory: LOG_RING_SIZE bytes; the oldest text is overwritten.
 */
#ifndef KERNEL_PLATFORM_LOG_H
#define KERNEL_PLATFORM_LOG_H

#include "lib/types.h"

#define LOG_RING_SIZE 16384u
#define LOG_LINE_MAX 160u

/* Lines go to the console from now on, too. */
void log_enable_console(uint16_t serial_port);

/* One line, "cashew: " in front, newline behind; cut at LOG_LINE_MAX. */
void log_line(const char *format, ...) __printf_like(1, 2);

/*
 * The monitor cannot go on: prints the reason and asks the host to end the VM with this code (abi/terminate.h).
 * Only for a broken invariant of our own and for a platform that lies about memory; never for a guest's input.
 */
void log_panic(uint8_t code, const char *format, ...) __printf_like(2, 3) __noreturn;

#endif
