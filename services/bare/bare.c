/* SPDX-License-Identifier: MIT */
#include "services/bare/bare.h"

#include "lib/format.h"
#include "lib/string.h"

static const uint64_t *own_environment; /* pointers, ended by 0 */

void service_start(const uint64_t *stack)
{
	own_environment = stack + 1 + stack[0] + 1;
	service_main();
}

const char *service_environment(const char *name)
{
	size_t length = strlen(name);

	for (uint32_t i = 0; own_environment[i] != 0; i++) {
		const char *string = (const char *)(uintptr_t)own_environment[i];

		if (strncmp(string, name, length) == 0 && string[length] == '=')
			return string + length + 1;
	}
	return NULL;
}

/* "log=0 random=1 vtpm=2" */
int service_handle(const char *name)
{
	const char *at = service_environment("HANDLES");
	size_t length = strlen(name);

	while (at != NULL && *at != 0) {
		if (strncmp(at, name, length) == 0 && at[length] == '=') {
			int number = 0;

			at += length + 1;
			if (*at < '0' || *at > '9')
				return ERR_NOT_FOUND;
			for (; *at >= '0' && *at <= '9' && number < (int)SERVICE_HANDLES_MAX; at++)
				number = number * 10 + (*at - '0');
			return number < (int)SERVICE_HANDLES_MAX ? number : ERR_NOT_FOUND;
		}
		while (*at != 0 && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	return ERR_NOT_FOUND;
}

void service_log(const char *format, ...)
{
	char text[SERVICE_LOG_MAX + 1];
	int handle = service_handle("log");
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_text_v(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (handle >= 0)
		(void)service_call(SYS_LOG, (uint64_t)handle, service_address(text), length);
}

void service_exit(int64_t code)
{
	for (;;)
		(void)service_call(SYS_EXIT, (uint64_t)code, 0, 0);
}
