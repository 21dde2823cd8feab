/* SPDX-License-Identifier: MIT */
/*
 * test.h - the payload's tests.
 *
 * A file test_<area>.c holds TEST(name) { ... }; they run in the order of GUEST_AREA and line. Each prints "ok <name>"
 * or "FAILED <name>: <first reason>"; measurements print "bench <name> <value> <unit>"; the last line is "N passed, N
 * failed". Checks go on after a failure; REQUIRE leaves the test.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include "lib/types.h"

/*
 * What to run, by the option parameter=N of the machine: bits 7:0, and how long the stress goes on, in the others (0: the
 * default).
 */
#define RUN_ALL 0u   /* but for the tests that reset the machine */
#define RUN_SMP 1u   /* what needs several processors */
#define RUN_STRESS 2u
#define RUN_RESET 3u /* ends with the machine reset a few times */
#define AREA_SMP "10" /* the first area of tests that need several processors */
#define AREA_STRESS "12"
#define AREA_RESET "13"
uint32_t test_rounds(void);

/* Four words: compilers place them one behind the other in their section only when the size is a power of two. */
struct guest_test {
	const char *name;
	const char *area;
	const char *file;
	void (*run)(void);
};

/* gcc would turn the order of a file's tests round. */
#ifdef __clang__
#define TEST_IN_ORDER
#else
#define TEST_IN_ORDER no_reorder,
#endif

/* GUEST_AREA, a string defined before this header is included, orders the areas. */
#define TEST(test_name) \
	static void test_##test_name(void); \
	static const struct guest_test guest_test_##test_name \
		__attribute__((TEST_IN_ORDER section(".tests." GUEST_AREA), used)) = { #test_name, GUEST_AREA, __FILE__, test_##test_name }; \
	static void test_##test_name(void)

void test_fail(const char *file, int line, const char *format, ...) __printf_like(3, 4);
/* Fails the running test and ends the payload. */
void test_die(const char *format, ...) __printf_like(1, 2) __noreturn;
void test_print(const char *format, ...) __printf_like(1, 2);
void test_bench(const char *name, uint64_t value, const char *unit);

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			test_fail(__FILE__, __LINE__, "%s does not hold", #condition); \
	} while (0)

/* With what was being tried, a number. */
#define CHECK_EQ_FOR(got, expected, subject) \
	do { \
		uint64_t check_got = (uint64_t)(got), check_expected = (uint64_t)(expected); \
		if (check_got != check_expected) \
			test_fail(__FILE__, __LINE__, "%s is 0x%llx, expected 0x%llx (for 0x%llx)", #got, \
				  (unsigned long long)check_got, (unsigned long long)check_expected, \
				  (unsigned long long)(subject)); \
	} while (0)

#define CHECK_EQ(got, expected) \
	do { \
		uint64_t check_got = (uint64_t)(got), check_expected = (uint64_t)(expected); \
		if (check_got != check_expected) \
			test_fail(__FILE__, __LINE__, "%s is 0x%llx, expected 0x%llx", #got, \
				  (unsigned long long)check_got, (unsigned long long)check_expected); \
	} while (0)

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			test_fail(__FILE__, __LINE__, "%s does not hold", #condition); \
			return; \
		} \
	} while (0)

#endif
