/* SPDX-License-Identifier: MIT */
/*
 * unit.h - a unit test program is one .c file that includes this and holds tests:
 *
 *	TEST(empty_map_has_no_pages)
 *	{
 *		CHECK_EQ(count(&map), 0);
 *	}
 *
 * main() runs every test in the order of the file and ends with "N passed, N failed"; the exit status is 0 when none
 * failed. A failed check prints file, line and values, and the test goes on; REQUIRE ends the test instead. With
 * arguments only the tests of those names run.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

static struct unit_test *unit_first, **unit_last = &unit_first;
static unsigned unit_failures; /* failed checks of the running test */

#define TEST(test_name) \
	static void test_##test_name(void); \
	__attribute__((constructor)) static void unit_register_##test_name(void) \
	{ \
		static struct unit_test test = { #test_name, test_##test_name, NULL }; \
		*unit_last = &test; \
		unit_last = &test.next; \
	} \
	static void test_##test_name(void)

static inline bool unit_check(bool good, const char *file, int line, const char *text)
{
	if (!good) {
		printf("%s:%d: %s does not hold\n", file, line, text);
		unit_failures++;
	}
	return good;
}

static inline bool unit_check_equal(long long a, long long b, const char *file, int line, const char *text)
{
	if (a != b) {
		printf("%s:%d: %s: %lld (0x%llx), expected %lld (0x%llx)\n", file, line, text, a, (unsigned long long)a,
		       b, (unsigned long long)b);
		unit_failures++;
	}
	return a == b;
}

static inline bool unit_check_text(const char *a, const char *b, const char *file, int line, const char *text)
{
	bool good = a != NULL && b != NULL && strcmp(a, b) == 0;

	if (!good) {
		printf("%s:%d: %s: \"%s\", expected \"%s\"\n", file, line, text, a != NULL ? a : "(null)",
		       b != NULL ? b : "(null)");
		unit_failures++;
	}
	return good;
}

#define CHECK(condition) ((void)unit_check((condition), __FILE__, __LINE__, #condition))
/* Integers of any type; got first, expected second. */
#define CHECK_EQ(got, expected) \
	((void)unit_check_equal((long long)(got), (long long)(expected), __FILE__, __LINE__, #got " == " #expected))
#define CHECK_TEXT(got, expected) ((void)unit_check_text((got), (expected), __FILE__, __LINE__, #got))
/* As CHECK, and leaves the test (a void function) when it fails. */
#define REQUIRE(condition) \
	do { \
		if (!unit_check((condition), __FILE__, __LINE__, #condition)) \
			return; \
	} while (0)

static bool unit_selected(const char *name, int count, char **names)
{
	for (int i = 1; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return count <= 1;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct unit_test *test = unit_first; test != NULL; test = test->next) {
		if (!unit_selected(test->name, argc, argv))
			continue;
		unit_failures = 0;
		test->run();
		if (unit_failures == 0)
			passed++;
		else
			failed++;
		if (unit_failures != 0)
			printf("test %s: FAILED\n", test->name);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed != 0 ? 0 : 1;
}

#endif
