/* SPDX-License-Identifier: MIT */
/* The runtime of services with a C library: its Linux system calls, over a monitor of the test; its parsers. */
#include "tests/unit/unit.h"

#include <setjmp.h>
#include <stdlib.h>

#include "services/rt/rt.h"

#define NOW 5123456789ull

static jmp_buf ended;
static uint64_t exit_code, mapped, unmapped, tls, random_calls, random_bytes;
static char lines[8][SERVICE_LOG_MAX + 1];
static uint32_t line_count;
static int64_t result;

int64_t rt_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	switch (number) {
	case SYS_EXIT:
		exit_code = a;
		longjmp(ended, 1);
	case SYS_LOG:
		CHECK_EQ(a, 3);
		CHECK(c >= 1 && c <= SERVICE_LOG_MAX && line_count < 8);
		memcpy(lines[line_count], (const void *)(uintptr_t)b, c);
		lines[line_count++][c] = 0;
		return 0;
	case SYS_CLOCK: return (int64_t)NOW;
	case SYS_RANDOM:
		CHECK_EQ(a, 4);
		CHECK(c >= 1 && c <= SERVICE_RANDOM_MAX);
		memset((void *)(uintptr_t)b, 0x5A, c);
		random_calls++;
		random_bytes += c;
		return result;
	case SYS_MEMORY_MAP: mapped = a; return result;
	case SYS_MEMORY_UNMAP: unmapped = a + b; return result;
	case SYS_SET_TLS: tls = a; return result;
	default: return 0;
	}
}

/* Of what rt.h wants from a service. */

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t argument[RT_LINUX_ARGUMENTS] = { a, b, c, 0x22, ~0ull, 0 };

	return rt_linux_call(number, argument);
}

static void start(void)
{
	rt_linux_init(3, 4);
	line_count = 0;
	result = 0;
	random_calls = random_bytes = 0;
}

static int64_t print(const char *text)
{
	return call(1, 1, (uint64_t)(uintptr_t)text, strlen(text));
}

/* ---- the log ---- */

TEST(output_becomes_lines)
{
	start();
	CHECK_EQ(print("one\ntw"), 6);
	CHECK_EQ(line_count, 1);
	CHECK_TEXT(lines[0], "one");
	CHECK_EQ(print("o\n\n\n"), 4);
	CHECK_EQ(line_count, 2);
	CHECK_TEXT(lines[1], "two");
}

TEST(long_lines_are_split)
{
	char text[SERVICE_LOG_MAX * 2 + 2];

	start();
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = 0;
	CHECK_EQ(print(text), (long long)strlen(text));
	CHECK_EQ(line_count, 2);
	CHECK_EQ(strlen(lines[0]), SERVICE_LOG_MAX);
	CHECK_EQ(strlen(lines[1]), SERVICE_LOG_MAX);
}

TEST(vectors_are_joined)
{
	const struct {
		const char *base;
		uint64_t length;
	} vector[3] = { { "ab", 2 }, { NULL, 0 }, { "c\n", 2 } };

	start();
	CHECK_EQ(call(20, 2, (uint64_t)(uintptr_t)vector, 3), 4);
	CHECK_TEXT(lines[0], "abc");
	CHECK_EQ(call(20, 2, (uint64_t)(uintptr_t)vector, 1025), -22);
	CHECK_EQ(call(20, 3, (uint64_t)(uintptr_t)vector, 3), -9);
	CHECK_EQ(call(1, 0, 0, 0), -9);
}

TEST(without_log_nothing_is_logged)
{
	start();
	rt_linux_init(-1, -1);
	CHECK_EQ(print("one\n"), 4);
	CHECK_EQ(line_count, 0);
}

TEST(first_unknown_call_of_a_kind_is_logged)
{
	start();
	CHECK_EQ(call(2, 0, 0, 0), -38);
	CHECK_EQ(call(2, 0, 0, 0), -38);
	CHECK_EQ(call(511, 0, 0, 0), -38);
	CHECK_EQ(call(512, 0, 0, 0), -38);
	CHECK_EQ(call(UINT64_MAX, 0, 0, 0), -38);
	CHECK_EQ(line_count, 2);
	CHECK_TEXT(lines[0], "system call 002 of the C library is not served");
	CHECK_TEXT(lines[1], "system call 511 of the C library is not served");
}

/* ---- memory ---- */

static int64_t map(uint64_t size, uint64_t protection, uint64_t flags)
{
	const uint64_t argument[RT_LINUX_ARGUMENTS] = { 0, size, protection, flags, ~0ull, 0 };

	return rt_linux_call(9, argument);
}

TEST(memory_is_anonymous_and_private)
{
	start();
	result = 0x10000;
	CHECK_EQ(map(5000, 3, 0x22), 0x10000);
	CHECK_EQ(mapped, 5000);
	CHECK_EQ(map(5000, 3, 0x02), -22); /* of a file */
	CHECK_EQ(map(5000, 3, 0x21), -22); /* shared */
	CHECK_EQ(map(5000, 3, 0x32), -22); /* where the caller says */
	CHECK_EQ(map(5000, 7, 0x22), -22); /* executable */
	result = ERR_NO_MEMORY;
	CHECK_EQ(map(5000, 3, 0x22), -12);
}

TEST(memory_goes_back_in_pages)
{
	start();
	CHECK_EQ(call(11, 0x10000, 5000, 0), 0);
	CHECK_EQ(unmapped, 0x10000 + 8192);
	CHECK_EQ(call(11, 0x10000, UINT64_MAX, 0), -22);
	result = ERR_ADDRESS;
	CHECK_EQ(call(11, 0x10000, 4096, 0), -22);
}

/* ---- time, random bytes, the rest ---- */

TEST(time_is_the_monitors)
{
	int64_t pair[2];

	start();
	CHECK_EQ(call(228, 1, (uint64_t)(uintptr_t)pair, 0), 0);
	CHECK_EQ(pair[0], 5);
	CHECK_EQ(pair[1], 123456789);
	CHECK_EQ(call(96, (uint64_t)(uintptr_t)pair, 0, 0), 0);
	CHECK_EQ(pair[1], 123456);
	CHECK_EQ(call(201, 0, 0, 0), 5);
	CHECK_EQ(call(201, (uint64_t)(uintptr_t)pair, 0, 0), 5);
	CHECK_EQ(pair[0], 5);
}

TEST(random_bytes_come_in_pieces)
{
	uint8_t bytes[SERVICE_RANDOM_MAX * 2 + 7];

	start();
	CHECK_EQ(call(318, (uint64_t)(uintptr_t)bytes, sizeof(bytes), 0), sizeof(bytes));
	CHECK_EQ(random_calls, 3);
	CHECK_EQ(random_bytes, sizeof(bytes));
	CHECK_EQ(call(318, 0, 0, 0), 0);
	/* Never weak ones. */
	result = ERR_FAULT;
	CHECK_EQ(call(318, (uint64_t)(uintptr_t)bytes, 8, 0), -5);
	rt_linux_init(3, -1);
	CHECK_EQ(call(318, (uint64_t)(uintptr_t)bytes, 8, 0), -5);
}

TEST(thread_pointer)
{
	start();
	CHECK_EQ(call(158, 0x1002, 0x4000, 0), 0);
	CHECK_EQ(tls, 0x4000);
	CHECK_EQ(call(158, 0x1003, 0x4000, 0), -22);
	result = ERR_ADDRESS;
	CHECK_EQ(call(158, 0x1002, 0x4000, 0), -22);
}

TEST(what_musl_can_do_without_is_quiet)
{
	static const uint64_t number[] = { 10, 12, 25, 28 };

	start();
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(call(number[i], 0, 0, 0), -38);
	CHECK_EQ(call(16, 1, 0, 0), -25);
	CHECK_EQ(call(39, 0, 0, 0), 1);
	CHECK_EQ(line_count, 0);
}

TEST(end_flushes_the_line)
{
	static const uint64_t number[] = { 60, 231 };

	for (volatile uint32_t i = 0; i < 2; i++) {
		start();
		(void)print("last");
		if (setjmp(ended) == 0)
			(void)call(number[i], 7, 0, 0);
		CHECK_EQ(exit_code, 7);
		CHECK_TEXT(lines[0], "last");
	}
	start();
	if (setjmp(ended) == 0)
		(void)call(200, 1, 6, 0);
	CHECK_EQ(exit_code, 134);
}

/* ---- handles ---- */

TEST(handles_are_found)
{
	CHECK_EQ(rt_find_handle("log=0 random=1 vtpm=2", "log"), 0);
	CHECK_EQ(rt_find_handle("log=0 random=1 vtpm=2", "random"), 1);
	CHECK_EQ(rt_find_handle("log=0 random=1  vtpm=31", "vtpm"), 31);
	CHECK_EQ(rt_find_handle("log=0 random=1 vtpm=2", "vtp"), ERR_NOT_FOUND);
	CHECK_EQ(rt_find_handle("log=0 random=1 vtpm=2", "vtpm2"), ERR_NOT_FOUND);
	CHECK_EQ(rt_find_handle("xlog=0", "log"), ERR_NOT_FOUND);
}

TEST(handles_that_are_none)
{
	static const char *const text[] = { "", "log", "log=", "log=x", "log=1x", "log=-1", "log=32", "log=99999999999999999999",
					    "log =1", "=1", " " };

	CHECK_EQ(rt_find_handle(NULL, "log"), ERR_NOT_FOUND);
	for (uint32_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		CHECK_EQ(rt_find_handle(text[i], "log"), ERR_NOT_FOUND);
}
