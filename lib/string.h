/* SPDX-License-Identifier: MIT */
/*
 * string.h - the memory and string functions that freestanding programs need; compilers emit calls to the first
 * four. Semantics as in ISO C. Hosted programs link their C library's instead of string.c.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *string);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);

#endif
