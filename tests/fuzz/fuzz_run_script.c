/* SPDX-License-Identifier: MIT */
/* A guest's console against the parser of script output. '%' in the input becomes the run's marker number. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/run/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;
	struct script *script;
	const char *text;
	char number[16];
	size_t typed;

	if (!quiet && freopen("/dev/null", "w", stdout) == NULL)
		abort();
	quiet = true;
	script = script_open("/dev/null");
	if (script == NULL)
		abort();
	snprintf(number, sizeof(number), "%d", (int)getpid());
	script_prompt(script, &text, &typed);
	for (size_t i = 0; i < size; i++) {
		char c = (char)data[i];

		if (firmware_byte(c) != NULL && c != 'u' && c != 't')
			abort(); /* the texts that it waits for end so */
		script_output(script, c == '%' ? number : &c, c == '%' ? strlen(number) : 1);
		if (script_ready(script, &text, &typed) && typed == 0)
			abort();
	}
	if (script_status(script) < -1 || script_status(script) > 255)
		abort();
	script_close(script);
	return 0;
}
