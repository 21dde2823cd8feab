/* SPDX-License-Identifier: MIT */
/* The runtime of services: the text with the handles, and output that becomes lines. */
#include <stdlib.h>
#include <string.h>

#include "services/rt/rt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static uint64_t bytes;

/* Lines only: never empty, never too long, without an end of line in them. */
int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	(void)a;
	if (number != SYS_LOG)
		return 0;
	if (c == 0 || c > SERVICE_LOG_MAX || memchr((const void *)(uintptr_t)b, '\n', c) != NULL)
		abort();
	bytes += c;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t output[RT_LINUX_ARGUMENTS] = { 1, (uint64_t)(uintptr_t)data, size };
	const uint64_t end[RT_LINUX_ARGUMENTS] = { 1, (uint64_t)(uintptr_t) "\n", 1 };
	char *text = malloc(size + 1);
	uint64_t ends = 0;
	int handle;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = 0;
	handle = rt_find_handle(text, "log");
	if (handle != ERR_NOT_FOUND && (handle < 0 || handle >= (int)SERVICE_HANDLES_MAX || strstr(text, "log=") == NULL))
		abort();
	rt_linux_init(1, 2);
	bytes = 0;
	for (size_t i = 0; i < size; i++)
		ends += data[i] == '\n' ? 1u : 0u;
	if (rt_linux_call(1, output) != (int64_t)size || rt_linux_call(1, end) != 1 || bytes != size - ends)
		abort();
	free(text);
	return 0;
}
