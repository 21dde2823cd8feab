/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>

#include "lib/format.h"
#include "tests/unit/unit.h"

static char out[256];

/* The C library writes what is expected. */
#define SAME(...) \
	do { \
		char expected[256]; \
		int length = snprintf(expected, sizeof(expected), __VA_ARGS__); \
		memset(out, '#', sizeof(out)); \
		CHECK_EQ(format_text(out, sizeof(out), __VA_ARGS__), length); \
		CHECK_TEXT(out, expected); \
	} while (0)

TEST(plain_text)
{
	CHECK_EQ(format_text(out, sizeof(out), "nothing to do"), 13);
	CHECK_TEXT(out, "nothing to do");
	SAME("100%% of it");
}

TEST(integers)
{
	SAME("%d %i %u %x", 0, 0, 0u, 0u);
	SAME("%d %d %u %x", INT_MAX, INT_MIN, UINT_MAX, UINT_MAX);
	SAME("%ld %ld %lu %lx", LONG_MAX, LONG_MIN, ULONG_MAX, ULONG_MAX);
	SAME("%lld %lld %llu %llx", LLONG_MAX, LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
	SAME("%zu %zx", (size_t)-1, (size_t)4096);
	SAME("%hu", (unsigned short)65535);
}

TEST(widths)
{
	SAME("[%5d][%-5d][%05d]", 42, 42, 42);
	SAME("[%5d][%-5d][%05d]", -42, -42, -42);
	SAME("[%1d][%2x][%016llx]", 12345, 0xABCDEFu, 0x1234ull);
	SAME("[%8s][%-8s][%2s]", "abc", "abc", "abc");
	SAME("[%c%c]", 'x', 'y');
}

TEST(strings)
{
	const char unterminated[3] = { 'a', 'b', 'c' };
	const char *volatile nothing = NULL;

	SAME("%s|%s", "", "text");
	SAME("%.2s|%.0s|%.9s", "abc", "abc", "abc");
	SAME("[%6.2s][%-6.2s]", "abc", "abc");
	/* Never reads beyond the precision. */
	SAME("%.3s", unterminated);
	CHECK_EQ(format_text(out, sizeof(out), "%s", nothing), 6);
	CHECK_TEXT(out, "(null)");
}

TEST(pointers)
{
	format_text(out, sizeof(out), "%p", (void *)(uintptr_t)0xFFFFFFFF80001234ull);
	CHECK_TEXT(out, "ffffffff80001234");
}

TEST(cut_at_the_end)
{
	for (size_t size = 1; size < 12; size++) {
		memset(out, '#', sizeof(out));
		CHECK_EQ(format_text(out, size, "%s-%d", "abcdef", 1234), size - 1);
		CHECK_EQ(out[size - 1], '\0');
		CHECK_EQ(out[size], '#');
		CHECK_EQ(strncmp(out, "abcdef-1234", size - 1), 0);
	}
	memset(out, '#', sizeof(out));
	CHECK_EQ(format_text(out, 0, "abc %d", 5), 0);
	CHECK_EQ(out[0], '#');
}

#pragma GCC diagnostic ignored "-Wformat"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wformat-invalid-specifier"
#endif

TEST(what_is_not_understood)
{
	CHECK_EQ(format_text(out, sizeof(out), "a%qb"), 4);
	CHECK_TEXT(out, "a%qb");
	format_text(out, sizeof(out), "%d%", 7);
	CHECK_TEXT(out, "7");
	format_text(out, sizeof(out), "%-08l");
	CHECK_TEXT(out, "");
}

static uint64_t seed = 99;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

/* One random conversion. */
static void random_spec(char *spec, char *conversion)
{
	static const char conversions[] = "dixu";
	size_t used = 0;

	spec[used++] = '%';
	if (random_below(3) == 0)
		spec[used++] = '-';
	else if (random_below(3) == 0)
		spec[used++] = '0';
	if (random_below(2) == 0)
		used += (size_t)snprintf(spec + used, 4, "%u", 1 + random_below(40));
	*conversion = conversions[random_below(sizeof(conversions) - 1)];
	spec[used++] = 'l';
	spec[used++] = *conversion;
	spec[used] = '\0';
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

TEST(random_conversions_agree_with_the_c_library)
{
	for (uint32_t i = 0; i < 20000; i++) {
		unsigned long value = (unsigned long)(seed ^ seed << 20) >> random_below(64);
		char spec[16], conversion, expected[128];
		size_t size;

		random_spec(spec, &conversion);
		size = 1 + random_below(64);
		snprintf(expected, size, spec, value);
		format_text(out, size, spec, value);
		CHECK_TEXT(out, expected);
	}
}
