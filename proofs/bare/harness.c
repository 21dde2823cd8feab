/* SPDX-License-Identifier: MIT */
/* What a service without a C library has: its environment, its handles' names, its log. */
#include "proofs/prover.h"

#include <stdarg.h>

#define service_call asm_service_call
#include "services/bare/bare.h"
#undef service_call

static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
#include "services/bare/bare.c"

#define TEXT 4u
#define NAME 2u

static char text[TEXT + NAME + 2u], name[NAME + 1u];
static uint32_t lines;
static int handle_of_log;
static size_t line_size;

void service_main(void) { }

static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	PROVE(number == SYS_LOG && handle_of_log >= 0 && a == (uint64_t)handle_of_log, "a line, to the log");
	PROVE(c == line_size && c <= SERVICE_LOG_MAX, "not too long");
	lines++;
	return any_int();
}

/* Never beyond the buffer, which it ends (lib/format.h). */
size_t format_text_v(char *buffer, size_t size, const char *format, va_list arguments)
{
	PROVE(size == SERVICE_LOG_MAX + 1u && __CPROVER_w_ok(buffer, size), "room for a line");
	line_size = any_u8() % size;
	return line_size;
}

/* What prove_handle() shows of it. */
int stub_service_handle(const char *of)
{
	PROVE(of[0] == 'l' && of[1] == 'o' && of[2] == 'g' && of[3] == 0, "the handle of the log");
	handle_of_log = any_bool() ? ERR_NOT_FOUND : any_u8() % (int)SERVICE_HANDLES_MAX;
	return handle_of_log;
}

void prove_log(void)
{
	service_log("");
	PROVE(lines == (handle_of_log >= 0 ? 1 : 0), "a line where there is a handle for it");
	if (lines != 0)
		CANARY("told");
	else
		CANARY("no log");
}

static const char *given;

/* It may have no handles. */
const char *stub_service_environment(const char *of)
{
	given = any_bool() ? text : NULL;
	return given;
}

void prove_handle(void)
{
	uint32_t first = TEXT, value = 0, length;
	bool ended = false;

	__CPROVER_havoc_object(text);
	name[0] = ANY(char);
	name[1] = ANY(char);
	ASSUME(name[0] != 0 && name[0] != ' ' && name[1] != ' ');
	length = name[1] == 0 ? 1 : 2;
	for (uint32_t i = TEXT; i < sizeof(text); i++)
		text[i] = 0;
	for (uint32_t i = 0; i < TEXT; i++) {
		ended = ended || text[i] == 0;
		if (first == TEXT && !ended && (i == 0 || text[i - 1] == ' ') && text[i] == name[0] && (length == 1 || text[i + 1] == name[1]) &&
		    text[i + length] == '=')
			first = i;
	}
	int number = service_handle(name);

	PROVE(number == ERR_NOT_FOUND || (number >= 0 && number < (int)SERVICE_HANDLES_MAX), "a number of a handle, or none");
	PROVE(IMPLIES(first == TEXT || given == NULL, number == ERR_NOT_FOUND), "what is not named is not there");
	if (first == TEXT || given == NULL)
		return;
	for (uint32_t at = first + length + 1; text[at] >= '0' && text[at] <= '9'; at++)
		value = value * 10u + (uint32_t)(text[at] - '0');
	bool digit = text[first + length + 1] >= '0' && text[first + length + 1] <= '9';

	PROVE(number == (digit && value < SERVICE_HANDLES_MAX ? (int)value : ERR_NOT_FOUND), "the number of the first of that name");
	if (value > 9 && number >= 0)
		CANARY("found");
	if (value >= SERVICE_HANDLES_MAX)
		CANARY("too large");
	if (!digit)
		CANARY("no number");
}
