/* SPDX-License-Identifier: MIT */
/*
 * A service without a C library: its environment, its handles, its log. System calls are inline assembly; here they are
 * looked at. Environments of two variables stand for more: each is looked at on its own.
 */
#include "proofs/prover.h"

#define SERVICES_BARE_BARE_H /* system calls are instructions */
#include "abi/service.h"
#include "lib/types.h"
static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
static inline uint64_t service_address(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }
void service_main(void);
void service_start(const uint64_t *stack);
const char *service_environment(const char *name);
int service_handle(const char *name);
void service_log(const char *format, ...) __printf_like(1, 2);
void service_exit(int64_t code) __noreturn;

#include "lib/string.c"
#include "services/bare/bare.c"

#define TEXT 6u

static char first[TEXT], second[TEXT], handles[TEXT];
static uint64_t words[6];
static char name[3];
static uint32_t logs, mains;
static size_t formatted;

/* ---- the monitor and the formatter ---- */

static int log_handle;

static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	PROVE(number == SYS_LOG && log_handle >= 0 && a == (uint64_t)log_handle, "a line of the log, with the handle for it");
	PROVE(c == formatted && c <= SERVICE_LOG_MAX && __CPROVER_r_ok((const char *)(uintptr_t)b, c), "that is there, not too long");
	logs++;
	return (int64_t)(any_u64() >> 1);
}

size_t format_text_v(char *buffer, size_t size, const char *format, va_list arguments)
{
	PROVE(size == SERVICE_LOG_MAX + 1u && __CPROVER_w_ok(buffer, size), "there is room for a line");
	formatted = any_u8();
	ASSUME(formatted < size);
	return formatted;
}

void service_main(void)
{
	mains++;
	PROVE(environment == words + 3, "the environment is there when the service runs");
}

/* ---- */

static void any_environment(void)
{
	__CPROVER_havoc_object(first);
	__CPROVER_havoc_object(second);
	__CPROVER_havoc_object(name);
	first[TEXT - 1u] = second[TEXT - 1u] = name[2] = '\0';
	words[0] = service_address(first);
	words[1] = service_address(second);
	words[2] = 0;
	if (any_bool())
		words[1] = 0;
	if (any_bool())
		words[0] = 0;
	environment = words;
}

/* What is behind "NAME=", names of up to two characters; 0: it is another variable. */
static size_t value_at(const char *text)
{
	size_t length = name[0] == '\0' ? 0 : name[1] == '\0' ? 1 : 2;
	bool same = true;

	for (size_t i = 0; i < 2; i++)
		same = same && (i >= length || text[i] == name[i]);
	return same && text[length] == '=' ? length + 1u : 0;
}

void prove_environment(void)
{
	const char *value;
	size_t in_first, in_second;

	any_environment();
	value = service_environment(name);
	in_first = words[0] == 0 ? 0 : value_at(first);
	in_second = words[0] == 0 || words[1] == 0 ? 0 : value_at(second);
	PROVE(value == (in_first != 0 ? first + in_first : in_second != 0 ? second + in_second : NULL), "the value of the first variable with the whole name, or none");
	CANARY("looked for");
	if (in_first == 0 && in_second != 0)
		CANARY("the second");
}

void prove_beginning(void)
{
	words[0] = 1;
	words[1] = any_u64();
	words[2] = 0;
	mains = 0;
	service_start(words);
	PROVE(mains == 1, "the service runs once");
	CANARY("started");
}

/* ---- handles ---- */

static bool no_handles;

const char *stub_service_environment(const char *asked)
{
	PROVE(asked[0] == 'H' && asked[6] == 'S' && asked[7] == '\0', "handles are in HANDLES");
	return no_handles ? NULL : handles;
}

static int expected_handle(void)
{
	bool begins = true;
	size_t length = name[0] == '\0' ? 0 : name[1] == '\0' ? 1 : 2;
	int number = ERR_NOT_FOUND;
	bool done = false;

	for (size_t i = 0; i < TEXT && !done; i++) {
		bool same = begins && handles[i] != '\0';

		if (handles[i] == '\0')
			break;
		for (size_t j = 0; j < 2; j++)
			same = same && (j >= length || (i + j < TEXT && handles[i + j] == name[j]));
		if (same && i + length < TEXT && handles[i + length] == '=' && handles[i] != ' ') {
			done = true;
			number = 0;
			for (size_t j = 0; j < TEXT; j++) {
				bool digit = j > i + length && handles[j] >= '0' && handles[j] <= '9';

				if (j > i + length && !digit)
					break;
				if (digit)
					number = number * 10 + (handles[j] - '0');
			}
		}
		begins = handles[i] == ' ';
	}
	return number;
}

void prove_handle(void)
{
	__CPROVER_havoc_object(handles);
	__CPROVER_havoc_object(name);
	handles[TEXT - 1u] = name[2] = '\0';
	no_handles = any_bool();
	ASSUME(name[0] != ' ' && name[1] != ' ' && name[0] != '\0' && name[0] != '=' && name[1] != '=' && handles[0] != ' ');
	PROVE(service_handle(name) == (no_handles ? ERR_NOT_FOUND : expected_handle()), "the number behind the whole name, or an error");
	CANARY("looked for");
}

/* ---- the log ---- */

int stub_service_handle(const char *asked)
{
	PROVE(asked[0] == 'l' && asked[1] == 'o' && asked[2] == 'g' && asked[3] == '\0', "the log's handle");
	return log_handle;
}

void prove_log(void)
{
	log_handle = any_int();
	logs = 0;
	service_log("message", any_u64());
	PROVE(logs == (log_handle >= 0 ? 1u : 0u), "one line, when there is a handle for it");
	CANARY("told");
}
