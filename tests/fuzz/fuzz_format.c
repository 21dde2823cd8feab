/* SPDX-License-Identifier: MIT */
/* Any format string: never beyond the buffer. Every argument is a pointer to text, so that all conversions can read it. */
#include <string.h>

#include "lib/format.h"

/* At most one conversion for two characters, and never more than there are arguments. */
#define LENGTH_MAX 31u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "some text";
	char format[LENGTH_MAX + 1], out[96];
	size_t room, length;

	if (size < 1)
		return 0;
	room = data[0] % sizeof(out);
	size = size - 1 < LENGTH_MAX ? size - 1 : LENGTH_MAX;
	memcpy(format, data + 1, size);
	format[size] = '\0';
	memset(out, '#', sizeof(out));
	length = format_text(out, room, format, text, text, text, text, text, text, text, text, text, text, text, text,
			     text, text, text, text);
	if ((room == 0 && length != 0) || (room > 0 && (length >= room || out[length] != '\0')))
		__builtin_trap();
	for (size_t i = room; i < sizeof(out); i++) {
		if (out[i] != '#')
			__builtin_trap();
	}
	return 0;
}
