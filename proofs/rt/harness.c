/* SPDX-License-Identifier: MIT */
/*
 * The runtime of services with a C library: Linux system calls with any number and arguments, over a monitor that answers all
 * that abi/service.h allows; the words that a process starts with; its handles' names.
 */
#include "proofs/prover.h"


#include "services/rt/linux.c"
#include "services/rt/handles.c"

/* ---- the monitor ---- */

#define USER_END 0x0000800000000000ull /* of a process's own addresses */

static uint32_t lines, ends, randoms, maps, unmaps, switches;
static uint64_t random_begin, random_size, random_done, asked[RT_LINUX_ARGUMENTS], end_code;
static int64_t mapped;
static bool random_failed, call_failed, may_end;

static int any_log_handle, any_random_handle;

static int64_t any_error(void)
{
	int64_t error = -(int64_t)(1 + any_u8() % 15u);

	call_failed = true;
	return error;
}

static int64_t call_random(uint64_t at, uint64_t length)
{
	PROVE(length >= 1 && length <= SERVICE_RANDOM_MAX && at == random_begin + random_done, "random bytes are asked for in pieces that the monitor gives, in order");
	PROVE(length <= random_size - random_done, "for the caller's buffer, no more");
	/* An address that is not the process's own is refused. */
	if (at >= USER_END || any_bool()) {
		random_failed = true;
		return any_error();
	}
	randoms++;
	random_done += length;
	return 0;
}

int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	switch (number) {
	case SYS_LOG:
		PROVE(any_log_handle >= 0 && a == (uint64_t)any_log_handle && b == rt_address(line) && c >= 1 && c <= SERVICE_LOG_MAX, "a line of the log, not empty, not too long");
		PROVE(__CPROVER_r_ok(line, c), "that is there");
		lines++;
		return any_bool() ? 0 : any_error();
	case SYS_CLOCK: return (int64_t)(any_u64() >> 1);
	case SYS_RANDOM:
		PROVE(any_random_handle >= 0 && a == (uint64_t)any_random_handle && !random_failed, "with the handle for it; the first error is the end");
		return call_random(b, c);
	case SYS_YIELD: return 0;
	case SYS_MEMORY_MAP:
		PROVE(a == asked[1] && maps == 0, "as much memory as was asked for");
		maps++;
		mapped = any_bool() ? (int64_t)(any_u64() % USER_END) : any_error();
		return mapped;
	case SYS_MEMORY_UNMAP:
		PROVE(a == asked[0] && b >= asked[1] && b - asked[1] < PAGE_SIZE && b % PAGE_SIZE == 0, "whole pages, those that were named");
		unmaps++;
		return any_bool() ? 0 : any_error();
	case SYS_SET_TLS:
		PROVE(asked[0] == ARCH_SET_FS && a == asked[1], "the address for FS");
		switches++;
		return any_bool() ? 0 : any_error();
	case SYS_EXIT:
		PROVE(may_end && line_length == 0, "a process ends when it says so, with its last line in the log");
		end_code = a;
		ends++;
#ifdef NUMBERS
		CANARY("ended");
#endif
		ASSUME(false);
		return 0;
	default:
		PROVE(false, "no other call of the monitor");
		return 0;
	}
}

/* Any state between two calls. */
static void any_runtime(void)
{
	any_log_handle = any_bool() ? any_u8() % (int)SERVICE_HANDLES_MAX : ERR_NOT_FOUND;
	any_random_handle = any_bool() ? any_u8() % (int)SERVICE_HANDLES_MAX : ERR_NOT_FOUND;
	rt_linux_init(any_log_handle, any_random_handle);
	line_length = any_u8();
	ASSUME(line_length <= sizeof(line));
	for (uint32_t i = 0; i < RT_LINUX_ARGUMENTS; i++)
		asked[i] = any_u64();
}

/* What prove_refuse() shows of it. */
static bool refusing;

int64_t stub_refuse(uint64_t number)
{
	refusing = true;
	return -LINUX_ENOSYS;
}

/* Other proofs are about them. */
int64_t stub_call_write(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	PROVE(false, "nothing is written");
	return 0;
}

int64_t stub_call_writev(const uint64_t argument[RT_LINUX_ARGUMENTS]) { return stub_call_write(argument); }
int64_t stub_call_getrandom(const uint64_t argument[RT_LINUX_ARGUMENTS]) { return stub_call_write(argument); }

/* What prove_time() shows of them. */
static uint64_t time_where, time_unit;

int64_t stub_tell_time(uint64_t where, uint64_t unit)
{
	time_where = where;
	time_unit = unit;
	return 0;
}

int64_t stub_call_time(const uint64_t argument[RT_LINUX_ARGUMENTS])
{
	PROVE(argument == asked, "its arguments");
	return 1;
}

/* ---- all numbers; writing, random bytes and time follow ---- */

void prove_numbers(void)
{
	uint64_t number = any_u64();
	int64_t result;
	bool refused;

	ASSUME(number != LINUX_WRITE && number != LINUX_WRITEV && number != LINUX_GETRANDOM);
	any_runtime();
	may_end = number == LINUX_EXIT || number == LINUX_EXIT_GROUP || number == LINUX_TKILL;
	ASSUME(IMPLIES(number == LINUX_TKILL, asked[1] <= INT32_MAX)); /* an int */
	result = rt_linux_call(number, asked);
	PROVE(!may_end, "what ends the process does not return");
	PROVE(line_length <= sizeof(line), "the line stays within its bounds");
	refused = result == -LINUX_ENOSYS;
	PROVE(result >= 0 || refused || result == -LINUX_ENOMEM || result == -LINUX_EINVAL || result == -LINUX_ENOTTY, "results are Linux's");
	switch (number) {
	case LINUX_MMAP:
		PROVE(result == (maps == 0 ? -LINUX_EINVAL : mapped < 0 ? -LINUX_ENOMEM : mapped), "memory of the monitor's, or an error");
		PROVE(IMPLIES(maps != 0, (asked[3] & MAP_ANONYMOUS) != 0 && (asked[3] & (MAP_FIXED | MAP_SHARED)) == 0 && (asked[2] & PROTECTION_EXECUTE) == 0),
		      "anonymous, private, not executable, anywhere");
		if (result >= 0)
			CANARY("mapped");
		break;
	case LINUX_MUNMAP:
		PROVE((result == 0) == (unmaps == 1 && !call_failed) && (result == 0 || result == -LINUX_EINVAL), "memory is given back, or it is an error");
		if (result == 0)
			CANARY("unmapped");
		break;
	case LINUX_ARCH_PRCTL:
		PROVE((result == 0) == (switches == 1 && !call_failed) && (result == 0 || result == -LINUX_EINVAL), "FS is set, and nothing else");
		break;
	case LINUX_CLOCK_GETTIME: PROVE(result == 0 && time_unit == 1 && time_where == asked[1], "a time in nanoseconds, where it was asked for"); break;
	case LINUX_GETTIMEOFDAY: PROVE(result == 0 && time_unit == NS_PER_US && time_where == asked[0], "a time in microseconds, where it was asked for"); break;
	case LINUX_TIME: PROVE(result == 1, "a time in seconds"); break;
	case LINUX_GETPID:
	case LINUX_GETTID:
	case LINUX_SET_TID_ADDRESS: PROVE(result == PROCESS_ID, "one process with one thread"); break;
	case LINUX_IOCTL: PROVE(result == -LINUX_ENOTTY, "no terminal"); break;
	case LINUX_GETUID:
	case LINUX_GETGID:
	case LINUX_GETEUID:
	case LINUX_GETEGID:
	case LINUX_RT_SIGACTION:
	case LINUX_RT_SIGPROCMASK:
	case LINUX_SCHED_YIELD: PROVE(result == 0, "done"); break;
	case LINUX_BRK:
	case LINUX_MPROTECT:
	case LINUX_MREMAP:
	case LINUX_MADVISE: PROVE(refused && !refusing, "what can be done without is refused"); break;
	default:
		PROVE(refused && refusing, "all others are refused, and told");
		if (number >= LINUX_CALLS)
			CANARY("no such call");
	}
	PROVE(IMPLIES(number != LINUX_MMAP, maps == 0) && IMPLIES(number != LINUX_MUNMAP, unmaps == 0) && IMPLIES(number != LINUX_ARCH_PRCTL, switches == 0),
	      "the monitor is asked for nothing else");
}

/* ---- a call that is not served ---- */

static char told[4];

static void put_refusal(const char *text, uint64_t length)
{
	PROVE(__CPROVER_r_ok(text, length), "a text that is there");
	lines++;
	for (uint32_t i = 0; i < 3; i++)
		told[i] = text[FIRST_DIGIT + i];
}

void prove_refuse(void)
{
	uint64_t number = any_u64();
	int64_t first = refuse(number);

	PROVE(first == -LINUX_ENOSYS && lines == (number < LINUX_CALLS ? 1 : 0), "it is told in the log");
	if (lines != 0) {
		PROVE((uint64_t)(told[0] - '0') * 100u + (uint64_t)(told[1] - '0') * 10u + (uint64_t)(told[2] - '0') == number, "with its number");
		CANARY("told");
	}
	PROVE(refuse(number) == -LINUX_ENOSYS && lines == (number < LINUX_CALLS ? 1 : 0), "once");
	if (any_bool()) {
		uint64_t other = any_u64();

		ASSUME(other < LINUX_CALLS && other != number);
		lines = 0;
		PROVE(refuse(other) == -LINUX_ENOSYS && lines == 1, "each number of its own");
		CANARY("another");
	}
}

/* ---- lines ---- */

#define TEXT 4u

void prove_put(void)
{
	char text[TEXT];
	uint64_t length = any_u8() % (TEXT + 1u), before, kept = 0, at = any_u8();
	char old;

	any_runtime();
	before = line_length;
	at = at % sizeof(line);
	__CPROVER_havoc_object(line);
	old = line[at];
	for (uint64_t i = 0; i < TEXT; i++)
		kept = i >= length ? kept : text[i] == '\n' ? 0 : kept + 1; /* behind the last end of a line */
	put(text, length);
	PROVE(line_length <= sizeof(line), "the line stays within its bounds");
	PROVE(IMPLIES(kept < length, line_length == kept), "behind an end of a line a new one begins");
	PROVE(IMPLIES(kept == length, line_length == (before + length <= sizeof(line) ? before + length : before + length - sizeof(line))), "what does not fit goes to the next one");
	PROVE(IMPLIES(at < before && kept == length && before + length <= sizeof(line), line[at] == old), "what was there stays");
	if (length != 0 && text[length - 1] != '\n') {
		PROVE(line[line_length - 1] == text[length - 1], "the text is what the line says");
		CANARY("text");
	}
	PROVE(IMPLIES(any_log_handle < 0, lines == 0), "without a handle nothing is told");
	if (lines > 1)
		CANARY("lines");
}

#define VECTORS 2u

static uint32_t texts;
static uint64_t put_sum;
static const struct io_vector *put_vectors;

static void put_text(const char *text, uint64_t length)
{
	PROVE(texts < VECTORS && (uint64_t)(uintptr_t)text == put_vectors[texts].base && length == put_vectors[texts].length, "each text, in order, as it was given");
	texts++;
	put_sum += length;
}

/* What prove_put() shows of it: the text is taken. */
void stub_put(const char *text, uint64_t length)
{
	if (put_vectors == NULL)
		put_refusal(text, length);
	else
		put_text(text, length);
}

void prove_write(void)
{
	struct io_vector vector[VECTORS];
	bool one = any_bool();

	any_runtime();
	for (uint32_t i = 0; i < VECTORS; i++) {
		vector[i].base = any_u64();
		vector[i].length = any_u64();
		ASSUME(vector[i].length <= USER_END); /* of the process's own memory */
	}
	put_vectors = vector;
	if (one) {
		asked[1] = vector[0].base;
		asked[2] = vector[0].length;
	} else {
		asked[1] = rt_address(vector);
		ASSUME(asked[2] <= VECTORS || asked[2] > VECTORS_MAX);
	}
	int64_t result = rt_linux_call(one ? LINUX_WRITE : LINUX_WRITEV, asked);
	bool output = asked[0] == STANDARD_OUTPUT || asked[0] == STANDARD_ERROR;

	PROVE(IMPLIES(!output, result == -LINUX_EBADF && texts == 0), "there are two outputs, and no other file");
	PROVE(IMPLIES(output && !one && asked[2] > VECTORS_MAX, result == -LINUX_EINVAL && texts == 0), "no more texts than Linux takes");
	PROVE(result == -LINUX_EBADF || result == -LINUX_EINVAL || (result >= 0 && (uint64_t)result == put_sum && texts == (one ? 1 : asked[2])), "all texts are taken, and counted");
	if (result >= 0 && one)
		CANARY("written");
	if (texts == VECTORS)
		CANARY("texts");
}

/* ---- random bytes ---- */

#define PIECES 3u

void prove_random(void)
{
	any_runtime();
	ASSUME(asked[1] <= PIECES * SERVICE_RANDOM_MAX || asked[1] > INT64_MAX);
	random_begin = asked[0];
	random_size = asked[1];
	ASSUME(asked[0] <= UINT64_MAX - PIECES * SERVICE_RANDOM_MAX || asked[1] > INT64_MAX);
	int64_t result = rt_linux_call(LINUX_GETRANDOM, asked);

	PROVE(result == -LINUX_EIO || (result >= 0 && (uint64_t)result == random_size && random_done == random_size), "all bytes are random, or it is an error");
	PROVE((result >= 0) == (any_random_handle >= 0 && !random_failed && random_size <= INT64_MAX), "it fails when the monitor does, or without a handle");
	if (randoms == PIECES)
		CANARY("pieces");
	if (random_failed)
		CANARY("no entropy");
}

/* ---- names of handles ---- */

#define TEXT_OF_NAMES 5u
#define NAME 3u

static char names[TEXT_OF_NAMES + NAME + 2u];

static void any_names(void)
{
	__CPROVER_havoc_object(names);
	for (uint32_t i = TEXT_OF_NAMES; i < sizeof(names); i++)
		names[i] = 0;
}

void prove_value(void)
{
	char name[NAME + 1u];
	uint32_t length = 0;
	bool same = true;

	any_names();
	name[NAME] = 0;
	const char *value = value_of(names, name);

	while (name[length] != 0)
		length++;
	for (uint32_t i = 0; i < NAME; i++)
		same = same && (i >= length || names[i] == name[i]);
	PROVE((value != NULL) == (same && names[length] == '='), "a value is behind the whole name and a '='");
	PROVE(value == NULL || value == names + length + 1, "at once");
	if (value != NULL)
		CANARY("a value");
	if (same && value == NULL)
		CANARY("the name is longer");
}

void prove_number(void)
{
	uint32_t digits = 0, value = 0;

	any_names();
	int number = read_number(names);

	while (names[digits] >= '0' && names[digits] <= '9') {
		value = value >= SERVICE_HANDLES_MAX ? value : value * 10u + (uint32_t)(names[digits] - '0');
		digits++;
	}
	bool good = digits != 0 && value < SERVICE_HANDLES_MAX && (names[digits] == 0 || names[digits] == ' ');

	PROVE(number == (good ? (int)value : ERR_NOT_FOUND), "a number of a handle, the whole word, or none");
	if (good && value == SERVICE_HANDLES_MAX - 1)
		CANARY("a number");
	if (digits != 0 && !good)
		CANARY("another word");
}

static char wanted[NAME + 1u];
static const char *value_found;
static bool word_asked[TEXT_OF_NAMES];
static int number_found;

/* What prove_value() shows of it. */
const char *stub_value_of(const char *text, const char *name)
{
	uint64_t at = (uint64_t)(text - names);

	PROVE(at < TEXT_OF_NAMES && name == wanted && value_found == NULL, "words of the text, until one has the name");
	PROVE(*text != 0 && (at == 0 || text[-1] == ' '), "from their begin");
	word_asked[at] = true;
	value_found = any_bool() ? text + 1 : NULL;
	return value_found;
}

/* What prove_number() shows of it. */
int stub_read_number(const char *text)
{
	PROVE(text == value_found, "the value of the name");
	number_found = any_bool() ? ERR_NOT_FOUND : any_u8() % (int)SERVICE_HANDLES_MAX;
	return number_found;
}

void prove_handle(void)
{
	uint32_t word = any_u8() % TEXT_OF_NAMES, end = 0;
	bool nothing = any_bool();

	any_names();
	number_found = ERR_NOT_FOUND;
	int number = rt_find_handle(nothing ? NULL : names, wanted);

	while (names[end] != 0)
		end++;
	PROVE(number == number_found, "the number of the first word of that name, or none");
	PROVE(IMPLIES(nothing, number == ERR_NOT_FOUND), "without a text there is none");
	if (!nothing && word < end && names[word] != ' ' && (word == 0 || names[word - 1] == ' ')) {
		PROVE(word_asked[word] || (value_found != NULL && value_found <= names + word), "no word is left out");
		if (word > 1 && value_found == names + word + 1)
			CANARY("found");
	}
	if (value_found == NULL && !nothing)
		CANARY("none");
}

/* ---- time ---- */

void prove_time(void)
{
	struct time_pair pair = { -1, -1 };
	int64_t seconds = -1;
	uint8_t which = any_u8() % 3;
	bool told_time = any_bool();
	int64_t result;

	any_runtime();
	asked[which == 0 ? 1 : 0] = !told_time ? 0 : which == 2 ? rt_address(&seconds) : rt_address(&pair);
	result = rt_linux_call(which == 0 ? LINUX_CLOCK_GETTIME : which == 1 ? LINUX_GETTIMEOFDAY : LINUX_TIME, asked);
	if (which == 2) {
		PROVE(result >= 0 && IMPLIES(told_time, seconds == result), "a time in seconds, once more where it was asked for");
		return;
	}
	PROVE(result == 0, "there is always a time");
	if (told_time) {
		PROVE(pair.seconds >= 0 && pair.rest >= 0 && pair.rest < (which == 0 ? 1000000000 : 1000000), "seconds, and less than one");
		CANARY("a time");
	}
}
