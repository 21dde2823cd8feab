/* SPDX-License-Identifier: MIT */
/*
 * util.h - messages, files and memory for the igvm program. Running out of memory ends the program: nothing was
 * written by then, because output files appear only when they are complete.
 */
#ifndef IGVM_UTIL_H
#define IGVM_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"

struct blob {
	uint8_t *data;
	size_t size;
};

/* One line on standard error: "igvm: ...". */
void report(const char *format, ...) __printf_like(1, 2);

/* After getopt_long() with opterr = 0 returned '?' or ':': tells what is wrong with the option. */
void report_option(const char *command, int result, char **argv);

/* Zeroed memory. */
void *allocate(size_t size) __attribute__((returns_nonnull));
/* As realloc. */
void *reallocate(void *memory, size_t size) __attribute__((returns_nonnull));

/* Reads a whole regular file; reports "WHAT FILE: why" and returns ERR_NOT_FOUND when that fails or it is empty. */
__must_check int blob_read(struct blob *blob, const char *what, const char *path);
void blob_free(struct blob *blob);
/* Writes a file so that it appears complete or not at all; reports and returns ERR_INVALID when that fails. */
__must_check int file_write(const char *path, const void *data, size_t size);

/* Decimal or 0x hexadecimal, whole string. ERR_INVALID when it is not a number or greater than max. */
__must_check int parse_number(const char *text, uint64_t max, uint64_t *value);

#endif
