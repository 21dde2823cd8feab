/* SPDX-License-Identifier: MIT */
/*
 * format.h - printf-style formatting into a buffer, without a C library.
 *
 * Understood: %d %i %u %x %c %s %p %% with l, ll, z and h modifiers, field width, '0' and '-' flags, precision for %s.
 * Of anything else '%' and the last character are copied, without flags and width. Never writes beyond the buffer and always
 * ends it with NUL (size >= 1).
 * The return value is the number of characters written, without the NUL: cut, not the length it would have had.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/types.h"

size_t format_text(char *buffer, size_t size, const char *format, ...) __printf_like(3, 4);
size_t format_text_v(char *buffer, size_t size, const char *format, va_list arguments) __printf_like(3, 0);

#endif
