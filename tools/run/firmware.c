/* SPDX-License-Identifier: MIT */
#include "tools/run/run.h"

/* What OVMF shows, in this order, and the keys that lead on: any key, then the second entry of the menu. */
static const struct {
	const char *text, *keys;
} steps[] = {
	{ "Press any key to enter the Boot Manager Menu", "\r" },
	{ "ESC to exit", "\033[B\r" },
};

const char *firmware_byte(char c)
{
	static unsigned step, matched;
	const char *keys = steps[step].keys;

	/* No text starts again inside itself: after a mismatch only its first character can be the beginning. */
	if (c == steps[step].text[matched])
		matched++;
	else
		matched = c == steps[step].text[0];
	if (steps[step].text[matched] != '\0')
		return NULL;
	matched = 0;
	step = (step + 1) % ARRAY_SIZE(steps); /* a reset leads to the menu again */
	return keys;
}
